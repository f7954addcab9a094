//! The evidence of a pair as one plain sentence.
//!
//! In: a pair. Out: what agrees, what speaks against it, how sure it is.

use super::page::Lang;
use super::words::{filled, percent, word};
use crate::audit::view::{ComparisonView, PairView, Words};

/// Bits from which on a comparison is worth a word: two to one.
const TOLD: f64 = 1.0;

/// Comparisons that a sentence names at most on either side: nobody reads a longer list.
const NAMED: usize = 3;

/// The sentence.
pub(crate) fn of_pair(pair: &PairView, lang: Lang) -> String {
    let mut strongest: Vec<&ComparisonView> = pair.comparisons.iter().filter(|c| c.level != "missing").collect();
    strongest.sort_by(|a, b| b.weight.abs().total_cmp(&a.weight.abs()));
    let named = |is_meant: fn(f64) -> bool| -> Option<String> {
        let meant: Vec<String> =
            strongest.iter().filter(|c| is_meant(c.weight)).take(NAMED).map(|c| name(c, lang)).collect();
        (!meant.is_empty()).then(|| meant.join(say(lang, "say.and")))
    };
    let (for_one, against) = (named(|weight| weight >= TOLD), named(|weight| weight <= -TOLD));
    let evidence = match (for_one, against) {
        (Some(for_one), Some(against)) => filled(say(lang, "say.both"), &[("for", for_one), ("against", against)]),
        (Some(for_one), None) => filled(say(lang, "say.for"), &[("for", for_one)]),
        (None, Some(against)) => filled(say(lang, "say.against"), &[("against", against)]),
        (None, None) => say(lang, "say.nothing").to_string(),
    };
    let shares = [("one", percent(lang, pair.probability)), ("household", percent(lang, pair.household_probability))];
    evidence + &filled(say(lang, "say.shares"), &shares)
}

/// A comparison with its level.
fn name(of: &ComparisonView, lang: Lang) -> String {
    let pick = |words: &Words| if lang == Lang::Ja { words.ja.clone() } else { words.en.clone() };
    filled(say(lang, "say.level"), &[("comparison", pick(&of.label)), ("level", pick(&of.level_label))])
}

fn say(lang: Lang, key: &str) -> &'static str {
    word(lang, key).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::view::Outcome;

    fn comparison(ja: &str, en: &str, level: [&str; 2], weight: f64) -> ComparisonView {
        let words = |[ja, en]: [&str; 2]| Words { ja: ja.into(), en: en.into() };
        ComparisonView {
            comparison: en.into(),
            label: words([ja, en]),
            level: level[1].into(),
            level_label: words(level),
            feature: None,
            left: Vec::new(),
            right: Vec::new(),
            weight,
            weight_against_household: 0.0,
        }
    }

    #[test]
    fn a_pair_is_told_in_one_sentence() {
        let pair = PairView {
            left: "app:1".into(),
            right: "shop:2".into(),
            left_customer: "C".into(),
            right_customer: "C".into(),
            outcome: Outcome::Linked,
            blocking_rules: Vec::new(),
            prior_weight: -11.0,
            prior_weight_against_household: 0.0,
            weight: 17.0,
            probability: 0.98,
            household_probability: 0.012,
            comparisons: vec![
                comparison("電話", "phone", ["同じ", "same"], 14.0),
                comparison("名", "given name", ["かな一字の書き間違い", "one slip in the kana"], -2.0),
                comparison("生年月日", "birth date", ["同じ", "same"], 9.0),
                comparison("性別", "sex", ["同じ", "same"], 0.9),
            ],
            ignored: Vec::new(),
        };
        assert_eq!(
            of_pair(&pair, Lang::En),
            "For one person: phone (same), birth date (same). Against it: given name (one slip in the kana). Probability: 98.0 % one person, 1.2 % two people of one household."
        );
        assert_eq!(
            of_pair(&pair, Lang::Ja),
            "電話（同じ）、生年月日（同じ）は同一人物であることを支持し、名（かな一字の書き間違い）はこれに反します。同一人物である確率は98.0%、同じ世帯の別人である確率は1.2%です。"
        );
    }
}
