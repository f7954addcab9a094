//! The keys of a record under a blocking rule: records that share one of them are compared.
//!
//! In: a rule's keys and the values of their features. Out: hashes, one for every combination of texts. A value has one text under
//! a key, itself or its beginning; where the key is `near`, it has the texts that it shares with every value one edit away. Why texts and no distances: blocks are made by an equi-join. A text of *n* characters has *n* + 1 texts, itself
//! and what is left when one character is gone, so that one more, one less, one other and two exchanged neighbours are met (the
//! symmetric deletion neighbourhood, as SymSpell has it). A date has three: what is left without its year, month or day. They
//! hold every date with one other digit, by a third of the keys that its digits would need.

use std::borrow::Cow;

use super::sample::hash_text;
use super::{BlockingRule, Key};

/// Keys that a record may have under one rule: a record with many phones and readings stays bounded.
const MOST_KEYS: usize = 64;

/// The same where a key is near: two readings of a name of nine kana have 20 texts, with the three of each of two dates 120.
const MOST_NEAR_KEYS: usize = 256;

/// Makes the keys of one record after the other.
#[derive(Default)]
pub(crate) struct KeyMaker<'v> {
    values: Vec<&'v str>,
    texts: Vec<Cow<'v, str>>,
    hashes: Vec<u64>,
    before: Vec<u64>,
}

impl<'v> KeyMaker<'v> {
    /// Hashes of every combination of the texts of the keys' values, starting from `seed`, each once. None where a key has no value.
    /// `values` adds the values of a feature in order.
    pub(crate) fn keys(&mut self, keys: &[Key], seed: u64, values: impl Fn(usize, &mut Vec<&'v str>)) -> &[u64] {
        let KeyMaker { values: of_feature, texts, hashes, before } = self;
        let near = keys.iter().any(|key| key.near.is_some());
        hashes.clear();
        hashes.push(seed);
        for key in keys {
            of_feature.clear();
            texts.clear();
            values(key.feature, of_feature);
            of_feature.iter().for_each(|value| key.texts(value, texts));
            std::mem::swap(hashes, before);
            hashes.clear();
            let all = before.iter().flat_map(|before| texts.iter().map(move |text| hash_text(*before, text)));
            if near {
                hashes.extend(all);
                // The least hashes, and not the first: of keys that two records share both keep the same.
                hashes.sort_unstable();
                hashes.dedup();
                hashes.truncate(MOST_NEAR_KEYS);
            } else {
                hashes.extend(all.take(MOST_KEYS));
            }
        }
        hashes.sort_unstable();
        hashes.dedup();
        hashes
    }
}

/// The keys that [`KeyMaker::keys`] makes, each with the places of its texts: `texts` are those of each of the keys' features, in order.
pub(crate) fn keys_with_texts(keys: &[Key], seed: u64, texts: &[Vec<Cow<'_, str>>]) -> Vec<(u64, Vec<usize>)> {
    let near = keys.iter().any(|key| key.near.is_some());
    let mut found = vec![(seed, Vec::new())];
    for texts in texts {
        let all = found.iter().flat_map(|(before, places)| {
            texts.iter().enumerate().map(move |(place, text)| {
                let places = places.iter().copied().chain([place]).collect();
                (hash_text(*before, text), places)
            })
        });
        found = match near {
            false => all.take(MOST_KEYS).collect(),
            true => {
                let mut all: Vec<_> = all.collect();
                all.sort_unstable();
                all.dedup_by_key(|(hash, _)| *hash);
                all.truncate(MOST_NEAR_KEYS);
                all
            }
        };
    }
    found.sort_unstable();
    found.dedup_by_key(|(hash, _)| *hash);
    found
}

/// Whether a record with so many texts of each key's feature may have too many keys to have all of them.
pub(crate) fn may_be_cut(keys: &[Key], texts: impl Iterator<Item = usize>) -> bool {
    keys.iter().any(|key| key.near.is_some()) || texts.fold(1, usize::saturating_mul) > MOST_KEYS
}

/// How the values of a feature can be near.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Near {
    /// One character more, less or other, or two neighbours exchanged.
    Text,
    /// A date whose year, month or day is another.
    Date,
}

impl Key {
    /// Adds the texts of a value.
    pub(crate) fn texts<'v>(&self, value: &'v str, into: &mut Vec<Cow<'v, str>>) {
        match (self.near, self.prefix) {
            (None, None) => into.push(value.into()),
            (None, Some(n)) => into.push(value.char_indices().nth(n).map_or(value, |(end, _)| &value[..end]).into()),
            (Some(Near::Date), _) if is_day(value) => {
                into.push(value[..7].into());
                into.push([&value[..5], &value[7..]].concat().into());
                into.push(value[5..].into());
            }
            (Some(Near::Date), _) => into.push(value.into()),
            (Some(Near::Text), _) => {
                into.push(value.into());
                deletions(value, into);
            }
        }
    }

    /// Whether it is the whole value: then its blocks are the values.
    pub(crate) fn is_whole(&self) -> bool {
        self.near.is_none() && self.prefix.is_none()
    }
}

impl BlockingRule {
    /// Whether it brings records whose values are one edit apart.
    pub fn is_near(&self) -> bool {
        self.keys.iter().any(|key| key.near.is_some())
    }
}

/// Whether it is a whole date, `1980-03-04`.
fn is_day(value: &str) -> bool {
    let place = |(i, b): (usize, &u8)| if matches!(i, 4 | 7) { *b == b'-' } else { b.is_ascii_digit() };
    value.len() == 10 && value.as_bytes().iter().enumerate().all(place)
}

/// The text without each of its characters. Of equal neighbours one is enough, and of a single character nothing would be left:
/// it would be near to every other.
fn deletions<'v>(value: &'v str, into: &mut Vec<Cow<'v, str>>) {
    if value.chars().nth(1).is_none() {
        return;
    }
    let mut before = None;
    for (start, c) in value.char_indices() {
        if before != Some(c) {
            into.push([&value[..start], &value[start + c.len_utf8()..]].concat().into());
        }
        before = Some(c);
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Comparison, Condition, Label, Level, Model, Needs, Training};
    use super::*;
    use proptest::prelude::*;

    fn texts(value: &str, near: Option<Near>, prefix: Option<usize>) -> Vec<String> {
        let mut all = Vec::new();
        Key { feature: 0, prefix, near }.texts(value, &mut all);
        all.into_iter().map(Cow::into_owned).collect()
    }

    fn meet(l: &str, r: &str, near: Near) -> bool {
        let right = texts(r, Some(near), None);
        texts(l, Some(near), None).iter().any(|text| right.contains(text))
    }

    #[test]
    fn a_value_has_the_texts_that_the_key_takes_of_it() {
        for (value, near, prefix, expected) in [
            ("サトウ", None, None, "サトウ"),
            ("サトウ", None, Some(2), "サト"),
            ("サトウ", None, Some(9), "サトウ"),
            ("サトウ", Some(Near::Text), None, "サトウ トウ サウ サト"),
            ("ナナミ", Some(Near::Text), None, "ナナミ ナミ ナナ"),
            ("林", Some(Near::Text), None, "林"),
            ("1980-03-04", Some(Near::Date), None, "1980-03 1980--04 03-04"),
            ("1980-03", Some(Near::Date), None, "1980-03"),
            ("昭和五五年", Some(Near::Date), None, "昭和五五年"),
        ] {
            assert_eq!(texts(value, near, prefix).join(" "), expected, "{value} {near:?} {prefix:?}");
        }
    }

    proptest! {
        #[test]
        fn texts_within_one_edit_meet(text in "[あ-う]{1,7}", place in 0usize..7, kind in 0..4, letter in "[あ-え]") {
            let mut other: Vec<char> = text.chars().collect();
            let (place, letter) = (place % other.len(), letter.chars().next().expect("one"));
            match kind {
                0 => other.insert(place, letter),
                1 => { other.remove(place); }
                2 => other[place] = letter,
                _ => other.swap(place, (place + 1) % text.chars().count()),
            }
            // Ends are no neighbours.
            prop_assume!(kind != 3 || place + 1 < other.len());
            // Of a single character all is another, and none is no value.
            prop_assume!(text.chars().count().max(other.len()) > 1 && !other.is_empty());
            let other: String = other.into_iter().collect();
            prop_assert!(meet(&text, &other, Near::Text), "{} and {}", text, other);
        }

        #[test]
        fn texts_that_meet_are_within_two_edits(l in "[あ-う]{0,6}", r in "[あ-う]{0,6}") {
            prop_assert!(!meet(&l, &r, Near::Text) || strsim::levenshtein(&l, &r) <= 2);
        }

        #[test]
        fn dates_with_one_other_digit_meet(digits in "[0-9]{8}", place in 0usize..8, digit in "[0-9]") {
            let date = |digits: &str| [&digits[..4], "-", &digits[4..6], "-", &digits[6..]].concat();
            let mut other = digits.clone();
            other.replace_range(place..=place, &digit);
            prop_assert!(meet(&date(&digits), &date(&other), Near::Date));
        }
    }

    /// The keys of a record with these names and birth dates.
    fn of_person(names: &[&str], dates: &[&str], near: bool) -> Vec<u64> {
        let kind = |kind| near.then_some(kind);
        let keys = [(0, Near::Text), (1, Near::Date)];
        let keys = keys.map(|(feature, near)| Key { feature, prefix: None, near: kind(near) });
        KeyMaker::default().keys(&keys, 7, |feature, values| values.extend([names, dates][feature])).to_vec()
    }

    #[test]
    fn a_slip_in_every_key_is_met_by_near_keys_alone() {
        let meet = |name: &str, date: &str, near: bool| {
            let right = of_person(&[name], &[date], near);
            of_person(&["ヤマダタロウ"], &["1980-03-04"], near).iter().any(|key| right.contains(key))
        };
        for (name, date, expected) in [
            ("ヤマダタロウ", "1980-03-04", [true, true]),
            ("ヤマダタロ", "1980-03-14", [false, true]),
            ("ヤマタダロウ", "1980-03-04", [false, true]),
            ("ヤマグタロウ", "1908-03-04", [false, true]),
            ("ヤマダタロウ", "1981-04-04", [false, false]),
            ("サトウハナコ", "1980-03-04", [false, false]),
        ] {
            assert_eq!([false, true].map(|near| meet(name, date, near)), expected, "{name} {date}");
        }
        assert_eq!(of_person(&["ヤマダタロウ"], &["1980-03-04"], true).len(), 7 * 3);
        assert!(of_person(&["ヤマダタロウ"], &[], true).is_empty());
    }

    #[test]
    fn a_record_of_many_values_has_a_bound_of_keys_and_still_meets_itself() {
        let names: Vec<String> = (0..40).map(|n| format!("ヤマダタロウ{n:02}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let (all, half) = (of_person(&names, &["1980-03-04"], true), of_person(&names[..20], &["1980-03-04"], true));
        assert_eq!((all.len(), half.len()), (MOST_NEAR_KEYS, MOST_NEAR_KEYS));
        let shared = half.iter().filter(|key| all.contains(key)).count();
        assert!(shared > MOST_NEAR_KEYS / 4, "{shared} of the keys that both have");
        assert_eq!(of_person(&names, &["1980-03-04", "1981-04-05"], false).len(), MOST_KEYS);
    }

    #[test]
    fn what_a_level_leaves_out_is_not_counted_by_blocks_larger_than_values() {
        let key = |feature, prefix, near| Key { feature, prefix, near };
        let rule_of_one = |prefix, near| vec![key(0, prefix, near)];
        let several = vec![key(0, None, Some(Near::Text)), key(1, None, Some(Near::Date))];
        for (keys, brought) in [
            (rule_of_one(None, None), Some(0)),
            (rule_of_one(None, Some(Near::Text)), None),
            (rule_of_one(Some(2), None), None),
            (several, Some(0)),
            (vec![key(2, None, None)], None),
        ] {
            let conditions = [Condition::All(vec![Condition::Same(0), Condition::Same(1)]), Condition::Else];
            let level = |condition| Level { name: String::new(), label: Label::default(), condition, tf: None };
            let comparison = Comparison {
                name: String::new(),
                label: Label::default(),
                shared_by_household: false,
                differs_in_household: false,
                needs: conditions.iter().map(Needs::of).collect(),
                features: 0b11,
                absent: 0,
                levels: conditions.map(level).into(),
            };
            let model = Model {
                features: ["name", "born", "other"].map(String::from).into(),
                rules: vec![BlockingRule { name: String::new(), keys, refine: Vec::new() }],
                comparisons: vec![comparison],
                identifying: vec![false; 3],
                junk: Default::default(),
                contradictions: Vec::new(),
                training: Training { candidate_pairs: 0, random_pairs: 0, seed: 0, steps: 0, tolerance: 0.0 },
                trained: None,
                digest: String::new(),
            };
            assert_eq!(model.brought_by(), [[brought, None]], "{:?}", model.rules[0].keys);
        }
    }

    #[test]
    fn dates_of_which_two_parts_differ_do_not_meet() {
        assert!(!meet("1980-03-04", "1980-05-06", Near::Date));
        assert!(!meet("1980-03-04", "1981-03-05", Near::Date));
    }
}
