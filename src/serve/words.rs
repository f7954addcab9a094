//! The words of pages in both languages, and how numbers, times and values are written.
//!
//! In: `templates/words.ja.json`, `templates/words.en.json` and those beside them, key → text with places such as `{name}`. Out: functions and filters of
//! templates ([`add`]): `t(key, name=value)` is a text; a key with `.one` beside it is taken for `n` = 1. A key that is not there is an
//! error, which a test finds before a reader does.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use jiff::tz::TimeZone;
use minijinja::value::Kwargs;
use minijinja::{Environment, Error, ErrorKind, State, Value};

use super::mask::masked;
use super::page::Lang;
use crate::config::JAPAN;
use crate::lake::decision_log::reason_in_japanese;
use crate::lake::profile;
use crate::stages::cluster::reason::japanese;

/// Text by key.
type Words = BTreeMap<String, String>;

/// The words of a language.
fn words(lang: Lang) -> &'static Words {
    static JA: OnceLock<Words> = OnceLock::new();
    static EN: OnceLock<Words> = OnceLock::new();
    // A file that is no map of texts has no words, and the first page says which one is missing; tests read both.
    let read = |files: [&str; 4]| {
        let words = files.map(|text| serde_json::from_str::<Words>(text).unwrap_or_default());
        words.into_iter().flatten().collect::<Words>()
    };
    match lang {
        Lang::Ja => {
            let files = [
                include_str!("templates/words.ja.json"),
                include_str!("templates/words.review.ja.json"),
                include_str!("templates/words.charts.ja.json"),
                include_str!("templates/words.failure.ja.json"),
            ];
            JA.get_or_init(|| read(files))
        }
        Lang::En => {
            let files = [
                include_str!("templates/words.en.json"),
                include_str!("templates/words.review.en.json"),
                include_str!("templates/words.charts.en.json"),
                include_str!("templates/words.failure.en.json"),
            ];
            EN.get_or_init(|| read(files))
        }
    }
}

/// A text.
pub(crate) fn word(lang: Lang, key: &str) -> Option<&'static str> {
    words(lang).get(key).map(String::as_str)
}

/// A text with its places filled.
pub(crate) fn filled(text: &str, values: &[(&str, String)]) -> String {
    let mut found = String::with_capacity(text.len());
    let mut rest = text;
    // Once from left to right, so that a value with braces is a value.
    while let Some(at) = rest.find('{') {
        found.push_str(&rest[..at]);
        rest = &rest[at..];
        let named =
            values.iter().find(|(name, _)| rest[1..].strip_prefix(name).is_some_and(|after| after.starts_with('}')));
        match named {
            Some((name, value)) => {
                found.push_str(value);
                rest = &rest[name.len() + 2..];
            }
            None => {
                found.push('{');
                rest = &rest[1..];
            }
        }
    }
    found + rest
}

/// Adds what templates of a language may call.
pub(crate) fn add(all: &mut Environment<'static>, lang: Lang) {
    all.add_function("t", move |key: &str, values: Kwargs| text(lang, key, &values));
    all.add_filter("word", move |name: String, prefix: &str| {
        word(lang, &format!("{prefix}.{name}")).map_or(name, str::to_string)
    });
    all.add_filter("pick", move |both: Value| both.get_attr(if lang == Lang::Ja { "ja" } else { "en" }));
    all.add_filter("why", move |reason: String| match lang {
        // Of the ledger, or of a decision by itself.
        Lang::Ja => reason_in_japanese(&japanese(&reason)),
        Lang::En => reason,
    });
    all.add_filter("moved", move |beyond: String| if lang == Lang::Ja { profile::japanese(&beyond) } else { beyond });
    all.add_filter("problem", move |written: String| problem(lang, &written));
    all.add_filter("number", grouped);
    all.add_filter("signed", signed);
    all.add_filter("percent", move |p: f64| percent(lang, p));
    all.add_filter("when", |state: &State, at: Value| time(state, &at, true));
    all.add_filter("day", |state: &State, at: Value| time(state, &at, false));
    all.add_filter("masked", move |value: String, kind: &str, shown: Option<bool>| match shown {
        // A value of a closed set is a word of the reader's language.
        Some(true) => word(lang, &format!("{kind}.{value}")).filter(|_| kind == "sex").map_or(value, str::to_string),
        _ => masked(&value, kind),
    });
}

fn text(lang: Lang, key: &str, values: &Kwargs) -> Result<String, Error> {
    let mut filling = Vec::new();
    for name in values.args() {
        let value: Value = values.get(name)?;
        let shown = match i64::try_from(value.clone()) {
            Ok(n) => grouped(n as f64),
            Err(_) => value.to_string(),
        };
        filling.push((name, shown));
    }
    let one = values.get::<i64>("n").is_ok_and(|n| n == 1).then(|| word(lang, &format!("{key}.one"))).flatten();
    let text =
        one.or_else(|| word(lang, key)).ok_or_else(|| Error::new(ErrorKind::UndefinedError, "a word is missing"))?;
    Ok(filled(text, &filling))
}

/// A problem of a record, `attribute:problem`, in words; as it is where it is none that we know.
fn problem(lang: Lang, written: &str) -> String {
    let said = |(attribute, code): (&str, &str)| {
        let (code, n) = code.strip_prefix(HOLDER).map_or((code, ""), |n| ("holder", n));
        let said = filled(word(lang, &format!("problem.{code}"))?, &[("n", n.to_string())]);
        let field = word(lang, &format!("field.{attribute}")).unwrap_or(attribute);
        Some(filled(word(lang, "problem.said")?, &[("field", field.to_string()), ("problem", said)]))
    };
    written.split_once(':').and_then(said).unwrap_or_else(|| written.to_string())
}

/// How the code of a record begins whose number others had before; the number behind it says how many people that makes.
const HOLDER: &str = "holder_";

/// A number with its thousands apart; two digits behind the point where it has any.
pub(crate) fn grouped(n: f64) -> String {
    let whole = n.abs().trunc();
    let mut text = format!("{whole:.0}");
    let mut at = text.len();
    while at > 3 {
        at -= 3;
        text.insert(at, ',');
    }
    let rest = n.abs() - whole;
    if rest > 0.0 {
        text += &format!("{rest:.2}")[1..];
    }
    if n < 0.0 { format!("−{text}") } else { text }
}

/// Bits with their sign.
pub(crate) fn signed(n: f64) -> String {
    let digits = format!("{:.1}", n.abs());
    match n {
        _ if digits == "0.0" => "±0.0".into(),
        n if n < 0.0 => format!("−{digits}"),
        _ => format!("+{digits}"),
    }
}

/// A probability. What is nearly certain is said so: no pair is sure.
pub(crate) fn percent(lang: Lang, p: f64) -> String {
    let p = 100.0 * p;
    match (lang, p) {
        (Lang::Ja, p) if p >= 99.95 => "99.9%超".into(),
        (Lang::En, p) if p >= 99.95 => "over 99.9 %".into(),
        (Lang::Ja, p) if p < 0.05 => "0.1%未満".into(),
        (Lang::En, p) if p < 0.05 => "under 0.1 %".into(),
        (Lang::Ja, p) => format!("{p:.1}%"),
        (Lang::En, p) => format!("{p:.1} %"),
    }
}

/// A time in the zone of the run, or its day; what is no time stands as it is.
fn time(state: &State, at: &Value, to_the_minute: bool) -> String {
    let Some(text) = at.as_str() else { return "–".into() };
    let Ok(at) = text.parse::<jiff::Timestamp>() else { return text.to_string() };
    let zone = state.lookup("zone").and_then(|zone| TimeZone::get(zone.as_str()?).ok());
    let zone = zone.or_else(|| TimeZone::get(JAPAN).ok()).unwrap_or(TimeZone::UTC);
    at.to_zoned(zone).strftime(if to_the_minute { "%Y-%m-%d %H:%M" } else { "%Y-%m-%d" }).to_string()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::templates::TEMPLATES;
    use super::*;

    fn keys(lang: Lang) -> BTreeSet<&'static str> {
        words(lang).keys().map(String::as_str).collect()
    }

    #[test]
    fn both_languages_have_the_same_words_but_for_numbers_of_one() {
        let without_one = |lang| keys(lang).into_iter().filter(|key| !key.ends_with(".one")).collect::<BTreeSet<_>>();
        let (ja, en) = (without_one(Lang::Ja), without_one(Lang::En));
        assert!(!ja.is_empty());
        assert_eq!(ja.difference(&en).collect::<Vec<_>>(), Vec::<&&str>::new(), "in Japanese alone");
        assert_eq!(en.difference(&ja).collect::<Vec<_>>(), Vec::<&&str>::new(), "in English alone");
    }

    #[test]
    fn the_places_of_a_text_are_the_same_in_both_languages() {
        let places = |text: &str| -> BTreeSet<String> {
            text.split('{').skip(1).filter_map(|part| part.split_once('}')).map(|(name, _)| name.to_string()).collect()
        };
        for (key, ja) in words(Lang::Ja) {
            let en = words(Lang::En).get(key).map(|text| places(text)).unwrap_or_default();
            assert_eq!(places(ja), en, "{key}");
        }
    }

    #[test]
    fn templates_ask_for_no_word_that_is_not_there_and_no_word_is_left_over() {
        let (known, mut asked, mut prefixes) = (keys(Lang::En), BTreeSet::new(), BTreeSet::new());
        for (name, text) in TEMPLATES {
            // `t("…")`, and not the end of `asset("…")`.
            let calls = text.match_indices("t(\"").filter(|(at, _)| !text[..*at].ends_with(char::is_alphanumeric));
            for (at, call) in calls {
                let key = text[at + call.len()..].split('"').next().unwrap_or_default();
                assert!(known.contains(key), "{name}.html asks for the word {key}");
                asked.insert(key);
            }
            prefixes.extend(text.split("word(\"").skip(1).filter_map(|part| part.split('"').next()));
        }
        // Failures ask by their constructors.
        let failures = include_str!("failure.rs");
        let is_said = |key: &str| {
            let key = key.strip_prefix("failure.say.").map(|key| key.strip_suffix(".do").unwrap_or(key));
            key.is_some_and(|key| failures.contains(&format!("\"{key}\"")))
        };
        let is_asked = |key: &&&str| {
            let key = key.strip_suffix(".one").unwrap_or(key);
            asked.contains(key)
                || prefixes.iter().any(|prefix| key.starts_with(&format!("{prefix}.")))
                || is_said(key)
                || ["say.", "segment.", "sex.", "problem."].iter().any(|asked| key.starts_with(asked))
        };
        let left: Vec<&&str> = known.iter().filter(|key| !is_asked(key)).collect();
        assert!(left.is_empty(), "no template asks for {left:?}");
    }

    #[test]
    fn every_reason_of_a_rejected_row_has_a_word() {
        // Those that have a remedy, and those that a reader of files gives.
        let code = include_str!("../sources/row_batch.rs");
        let code = &code
            [code.find("pub fn remedy").expect("remedies")..code.find("pub(super) struct RowText").expect("an end")];
        let is_name = |text: &&str| text.contains('_') && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
        let reasons: BTreeSet<&str> = code.split('"').filter(is_name).collect();
        assert!(reasons.len() > 25 && reasons.contains("bad_month") && reasons.contains("total_row"), "{reasons:?}");
        for reason in reasons {
            for lang in [Lang::Ja, Lang::En] {
                assert!(word(lang, &format!("reject.{reason}")).is_some(), "{reason}");
            }
        }
    }

    #[test]
    fn every_problem_of_a_record_is_said_in_words() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("crates/nayose-japanese/src");
        let mut codes: BTreeSet<String> = ["reused", "holder_2"].map(str::to_string).into();
        for file in [
            "sex.rs",
            "email/mod.rs",
            "identifier.rs",
            "postal.rs",
            "date/mod.rs",
            "phone/mod.rs",
            "address/mod.rs",
            "name/mod.rs",
        ] {
            let code = std::fs::read_to_string(folder.join(file)).expect("text");
            let lines = code.lines().filter_map(|line| line.split_once("Problem::")?.1.split_once(" => \""));
            codes.extend(lines.map(|(_, code)| code.trim_end_matches("\",").to_string()));
        }
        assert!(codes.len() > 50 && codes.contains("two_digit_year"), "{codes:?}");
        for code in codes {
            let said = [Lang::Ja, Lang::En].map(|lang| problem(lang, &format!("birth_date:{code}")));
            assert!(said[0].starts_with("生年月日：") && said[1].starts_with("birth date: "), "{code}: {said:?}");
        }
        assert_eq!(problem(Lang::Ja, "record_id:holder_2"), "レコードID：以前は別の人の番号（2人目の持ち主）");
        assert_eq!(problem(Lang::En, "member:not_known"), "member:not_known");
    }

    #[test]
    fn a_value_with_braces_is_a_value() {
        let values = [("a", "{b}".to_string()), ("b", "2".to_string())];
        assert_eq!(filled("{a} and {b}, {c}", &values), "{b} and 2, {c}");
    }

    #[test]
    fn numbers_are_written_as_people_read_them() {
        assert_eq!([grouped(0.0), grouped(1234567.0), grouped(-1234.5)], ["0", "1,234,567", "−1,234.50"]);
        assert_eq!(
            [percent(Lang::En, 0.98), percent(Lang::Ja, 1.0), percent(Lang::En, 0.0001)],
            ["98.0 %", "99.9%超", "under 0.1 %"]
        );
        assert_eq!([signed(0.01), signed(-3.77), signed(18.66)], ["±0.0", "−3.8", "+18.7"]);
    }
}
