//! The name of a source row, whole or in parts, as the standardizer uses it.

use std::borrow::Cow;

use super::RawVersion;
use nayose_japanese::kana;
use nayose_japanese::name::{self, Name, Problem, Reading};

/// A name as it was read.
#[derive(Clone, Debug, Default)]
pub(super) struct ReadName {
    /// Family and given name as written; none where the row has kana only.
    pub(super) family_written: Option<String>,
    pub(super) given_written: Option<String>,
    /// With variant characters folded.
    pub(super) family_key: Option<String>,
    pub(super) given_key: Option<String>,
    /// In katakana, where known.
    pub(super) family_kana: Option<String>,
    pub(super) given_kana: Option<String>,
    /// The first kana of a given name that a card system cut.
    pub(super) given_kana_cut: Option<String>,
    /// Kana keys of the kana that the row says.
    pub(super) family_kana_key: Option<String>,
    pub(super) given_kana_key: Option<String>,
    /// Readings that are known or possible.
    pub(super) family_readings: Cow<'static, [Reading]>,
    pub(super) given_readings: Cow<'static, [Reading]>,
    /// Kana keys of the whole name, undivided.
    pub(super) whole_readings: Vec<String>,
    /// The key of another reading of the text as a family name, where the division is a guess.
    pub(super) other_family: Option<String>,
    /// Family and given keys of other names in the text, and of other orders where the order is a guess.
    pub(super) others: Vec<(String, String)>,
    /// Family name before marriage, where the text tells it.
    pub(super) maiden: Option<String>,
    pub(super) problem: Option<&'static str>,
    /// A test entry or no name: no evidence of a person.
    pub(super) junk: bool,
    /// A test entry.
    pub(super) test: bool,
}

/// Whole names that are kept of a name with several readings of both parts.
const MOST_WHOLE_READINGS: usize = 9;

/// The name of a row; `None` where it has no name column or nothing in them.
pub(super) fn read(v: &RawVersion) -> Option<ReadName> {
    let read = match (v.name, v.family_name, v.given_name) {
        (Some(text), _, _) => name::normalize(text, v.kana),
        (None, None, None) => match (v.kana, v.family_kana, v.given_kana) {
            (Some(text), _, _) => name::normalize(text, None),
            (None, None, None) => return None,
            (None, family, given) => parts(family, given, None, None),
        },
        (None, family, given) => parts(family, given, v.family_kana, v.given_kana),
    };
    let one_field = v.family_name.is_none() && v.given_name.is_none() && (v.name.is_none() || v.kana.is_none());
    // As people sign a ticket. Then the given name is not known, rather than one that disagrees.
    let alone = one_field.then(|| name::undivided(&read)).flatten();
    let cut = read.problem == Some(Problem::Cut);
    let mut shaped = shape(read);
    if let Some(alone) = alone {
        shaped.other_family = Some(alone.family_key);
        shaped.family_readings.to_mut().extend(alone.family_readings.into_owned());
        shaped.forget_given();
    }
    if cut {
        shaped.forget_given();
        shaped.whole_readings.clear();
        shaped.given_kana_cut = shaped.given_kana.take();
    }
    // What a card system would keep of the name, where that is less: so it meets the record that has no more.
    shaped.whole_readings.extend(cut_key(v));
    Some(shaped)
}

/// The [`name::cut_key`] of the kana of a row.
fn cut_key(v: &RawVersion) -> Option<String> {
    let join = |family: Option<&str>, given: Option<&str>| Some([family?, " ", given?].concat());
    match v.kana.or(v.name) {
        Some(text) => name::cut_key(text),
        None => join(v.family_kana, v.given_kana)
            .or_else(|| join(v.family_name, v.given_name))
            .and_then(|text| name::cut_key(&text)),
    }
}

impl ReadName {
    /// Nothing that is compared is known of the given name.
    fn forget_given(&mut self) {
        (self.given_key, self.given_written, self.given_kana_key) = (None, None, None);
        self.given_readings = Cow::Borrowed(&[]);
    }
}

fn parts(family: Option<&str>, given: Option<&str>, family_kana: Option<&str>, given_kana: Option<&str>) -> Name {
    name::normalize_parts(family.unwrap_or_default(), given.unwrap_or_default(), family_kana, given_kana)
}

fn shape(read: Name) -> ReadName {
    let whole_readings = read
        .family_readings
        .iter()
        .flat_map(|f| read.given_readings.iter().map(move |g| [f.key.as_str(), &g.key].concat()))
        .take(MOST_WHOLE_READINGS)
        .collect();
    // A name all in kana is how the channel writes, not how the person is written.
    let all_kana = !read.family.is_empty() && read.family.chars().chain(read.given.chars()).all(kana::is_kana);
    let written = |text: String| Some(text).filter(|text| !all_kana && !text.is_empty());
    let kana_of = |known: Option<String>, text: &str| {
        known.or_else(|| (all_kana && !text.is_empty()).then(|| kana::to_katakana(text)))
    };
    let family_kana = kana_of(read.family_kana, &read.family);
    let given_kana = kana_of(read.given_kana, &read.given);
    ReadName {
        family_kana_key: family_kana.as_deref().map(|kana| key_of(kana, &read.family_readings)),
        given_kana_key: given_kana.as_deref().map(|kana| key_of(kana, &read.given_readings)),
        family_kana,
        given_kana,
        given_kana_cut: None,
        family_written: written(read.family),
        given_written: written(read.given),
        family_key: written(read.family_key),
        given_key: written(read.given_key),
        family_readings: read.family_readings,
        given_readings: read.given_readings,
        whole_readings,
        other_family: None,
        others: read
            .others
            .iter()
            .map(|other| (name::written_key(&other.family), name::written_key(&other.given)))
            .collect(),
        maiden: read.maiden.as_deref().map(name::part_key),
        test: read.problem == Some(Problem::TestRecord),
        junk: matches!(read.problem, Some(Problem::Empty | Problem::NotAName | Problem::TestRecord)),
        problem: read.problem.map(Problem::name),
    }
}

/// The kana key of kana, which one of its readings has mostly.
fn key_of(kana: &str, readings: &[Reading]) -> String {
    match readings {
        [one] if one.kana == kana => one.key.clone(),
        _ => kana::kana_key(kana),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> ReadName {
        read(&RawVersion { name: Some(name), ..RawVersion::default() }).expect("a name")
    }

    /// A name as a card system cut it, and the whole one.
    const CUT: [[&str; 2]; 5] = [
        ["ﾏﾂﾀﾞｲﾗﾊﾞﾔｼ ｼﾞｭﾝｻﾞﾌﾞﾛ", "マツダイラバヤシ　ジュンザブロウ"],
        ["ﾏﾂﾀﾞｲﾗﾊﾞﾔｼ ｼﾞｭﾝｻﾞﾌﾞﾛ", "まつだいらばやし じゅんざぶろう"],
        ["ﾌｪﾙﾅﾝﾃﾞｽ ｱﾚﾊﾝﾄﾞﾛﾐｹﾞﾙ", "フェルナンデス アレハンドロミゲルアンヘル"],
        // The dakuten of ヴ was the 21st character.
        ["ﾅﾑﾊﾝﾏﾄﾞﾌ ｼｪﾙｿﾞﾄﾞﾍﾞｺｳ", "ﾅﾑﾊﾝﾏﾄﾞﾌ ｼｪﾙｿﾞﾄﾞﾍﾞｺｳﾞｨﾁ"],
        ["ｸﾞｴﾝ ﾃｨ ﾐﾝ ｱﾝﾄｩｴｯﾄﾊｲ", "グエン・ティ・ミン・アントゥエットハイン"],
    ];

    #[test]
    fn a_cut_given_name_meets_the_whole_one_and_disagrees_with_none() {
        for [cut, whole] in CUT {
            let (cut, whole) = (named(cut), named(whole));
            assert_eq!(cut.problem, Some("cut"), "{cut:?}");
            assert!(cut.given_key.is_none() && cut.given_kana_key.is_none() && cut.given_readings.is_empty());
            assert!(cut.given_kana.is_none() && cut.given_kana_cut.is_some());
            assert_eq!(cut.family_kana_key, whole.family_kana_key);
            assert_eq!(whole.problem, None, "{whole:?}");
            assert!(whole.given_kana_key.is_some());
            assert!(whole.whole_readings.contains(&cut.whole_readings[0]), "{cut:?} {whole:?}");
        }
    }

    #[test]
    fn other_beginnings_do_not_meet() {
        let cut = named(CUT[0][0]);
        for other in ["マツダイラバヤシ ジュンザエモン", "マツダイラバヤシ ゲンザブロウ", "マツダイラ ジュンザブロウ"]
        {
            let other = named(other);
            assert!(!other.whole_readings.iter().any(|r| cut.whole_readings.contains(r)), "{other:?}");
        }
    }

    #[test]
    fn a_name_that_fits_the_field_has_its_own_readings_only() {
        for name in ["ｵｵﾀﾞｸﾞﾁｻﾞﾜ ｼﾞﾝｻﾞﾌﾞﾛｳ", "山田 太郎", "ヤマダ タロウ"]
        {
            let read = named(name);
            assert!(read.problem.is_none() && !read.given_readings.is_empty());
            let given =
                |f: &Reading| read.given_readings.iter().map(|g| format!("{}{}", f.key, g.key)).collect::<Vec<_>>();
            let own: Vec<String> = read.family_readings.iter().flat_map(given).collect();
            assert!(read.whole_readings.iter().all(|r| own.contains(r)), "{read:?}");
        }
    }
}
