//! Names in Latin letters.
//!
//! In: the text of a name, and its kana if the record has it. Out: a [`Name`] with the family name in capitals. Why its
//! own path: the order of the parts differs by writer, and a Japanese name in rōmaji is compared by the kana that it
//! may stand for, a foreign one by its letters.

use super::dictionary::Part;
use super::kana_names::{KanaNames, kana_names};
use super::{Name, OtherKind, OtherName, Problem, Reading, foreign};
use crate::romaji::{key, literal_kana, loose_key};
use std::borrow::Cow;
use std::ops::Range;

/// Confidence in the order where something in the text or record shows it, from a comma or kana, and from capitals. A
/// judgement.
const ORDER_SHOWN: f32 = 0.99;
const ORDER_CAPITALS: f32 = 0.97;
/// Below this confidence the other order is listed too. A judgement: one in ten of such names has it.
pub(super) const SURE_ORDER: f32 = 0.9;
/// Confidence in which part a single word is. A judgement.
const ONE_WORD: f32 = 0.5;
/// ln of the odds for a single word being the family name: people sign with it 20 times as often. A judgement.
const ONE_WORD_FAMILY_LN: f32 = 3.0;
/// The least ln of the share of a word, also without a Japanese reading: alone, and as one of two. A judgement.
const NO_READING_LN: f32 = -40.0;
const NO_READING_OF_TWO_LN: f32 = -30.0;

/// Sets the parts of a name in Latin letters. `kana` is the record's own.
///
/// TANAKA Taro, Tanaka, Taro and Taro Tanaka are one name: capitals and a comma mark the family name, otherwise the
/// order is that of a listed foreign name, or the likelier one for Japanese readings; a name without Japanese readings has its family name last. Family
/// names are returned in capitals, so that reading the result again keeps the order.
pub(super) fn latin(mut name: Name, text: &str, kana: Option<&str>) -> Name {
    let comma = text.split_once(',').map_or(0, |(a, b)| if words(b).is_empty() { 0 } else { words(a).len() });
    let mut words = words(text);
    let names = kana_names();
    match words.len() {
        0 => {
            name.problem = Some(Problem::NotAName);
            return name;
        }
        1 => {
            let loose = loose_keys(&words[0]);
            let share = |part| loose.iter().map(|k| names.ln_share_loose(part, k)).fold(NO_READING_LN, f32::max);
            let family = share(Part::Family) >= share(Part::Given) - ONE_WORD_FAMILY_LN;
            name.problem = Some(if family { Problem::OnlyFamily } else { Problem::OnlyGiven });
            name.confidence = ONE_WORD;
            if family {
                name.family = words.remove(0).to_uppercase();
            } else {
                name.given = title_case(&words.remove(0));
            }
        }
        n => {
            let (first, last) = (words[0].clone(), words[n - 1].clone());
            let foreign = foreign::order(&words);
            let shown = shown_order(&first, &last, comma, kana, n);
            let (family, confidence) = match (shown, foreign) {
                // Capitals show the first word of the family name; the others are known by their particles.
                (Some((shown, sure)), Some(order)) if order.family.contains(&shown.start) => (order.family, sure),
                (Some((shown, sure)), _) => (shown, sure),
                (None, Some(order)) => (order.family, order.confidence),
                (None, None) => likelier_order(names, &first, &last, n),
            };
            name.confidence = confidence;
            name.swapped = false;
            let given: Vec<String> =
                words.iter().enumerate().filter(|(i, _)| !family.contains(i)).map(|(_, w)| title_case(w)).collect();
            name.family = words[family.clone()].join(" ").to_uppercase();
            name.given = given.join(" ");
            if confidence < SURE_ORDER {
                let other = if family.start == 0 { n - 1..n } else { 0..1 };
                let given: Vec<&str> =
                    words.iter().enumerate().filter(|(i, _)| !other.contains(i)).map(|(_, w)| w.as_str()).collect();
                name.others.push(OtherName {
                    family: words[other.clone()].join(" ").to_uppercase(),
                    given: given.iter().map(|w| title_case(w)).collect::<Vec<_>>().join(" "),
                    kind: OtherKind::Order,
                    confidence: 1.0 - confidence,
                });
            }
        }
    }
    set_kana(&mut name, kana);
    let mut done = name.finish();
    let expand = |part, text: &str, readings: &mut Cow<'static, [Reading]>, kana: &Option<String>| {
        if kana.is_none() && !text.is_empty() {
            *readings = Cow::Owned(names.expand(part, literal_kana(text)));
        }
    };
    expand(Part::Family, &done.family, &mut done.family_readings, &done.family_kana);
    expand(Part::Given, &done.given, &mut done.given_readings, &done.given_kana);
    (done.family_key, done.given_key) = (latin_key(&done.family), latin_key(&done.given));
    // The order of Latin names is never certain, so the key does not depend on it.
    let mut keys: Vec<String> = done.display().split(' ').map(latin_key).filter(|k| !k.is_empty()).collect();
    keys.sort_unstable();
    done.key = keys.join(" ");
    if done.key.is_empty() {
        done.problem = Some(Problem::NotAName);
    }
    done
}

fn words(text: &str) -> Vec<String> {
    let split = text.split([' ', ',', '.']).map(|w| w.trim_matches(['-', '\'', '’', '`']));
    split.filter(|w| w.chars().any(char::is_alphabetic)).map(str::to_owned).collect()
}

pub(super) fn latin_key(word: &str) -> String {
    let japanese = key(word);
    if japanese.is_empty() { word.to_uppercase() } else { japanese }
}

/// The loose kana keys of what a word may be read as.
pub(super) fn loose_keys(word: &str) -> Vec<String> {
    literal_kana(word).iter().map(|k| loose_key(k)).filter(|k| !k.is_empty()).collect()
}

/// Taro of TARO; a word in both cases stays.
fn title_case(word: &str) -> String {
    if word.chars().any(char::is_lowercase) && word.chars().next().is_some_and(char::is_uppercase) {
        return word.to_owned();
    }
    let mut chars = word.chars();
    let first: String = chars.next().map(|c| c.to_uppercase().collect()).unwrap_or_default();
    first + &chars.as_str().to_lowercase()
}

/// The words that a comma, capitals or the record's kana show to be the family name, and how certain that is.
fn shown_order(first: &str, last: &str, comma: usize, kana: Option<&str>, n: usize) -> Option<(Range<usize>, f32)> {
    if comma > 0 && comma < n {
        return Some((0..comma, ORDER_SHOWN));
    }
    let ends = |family_first: bool| if family_first { 0..1 } else { n - 1..n };
    let capitals = |w: &str| w.chars().count() > 1 && !w.chars().any(char::is_lowercase);
    if capitals(first) != capitals(last) {
        return Some((ends(capitals(first)), ORDER_CAPITALS));
    }
    let (family, given) = kana.and_then(|k| k.split_once(' '))?;
    let (a, b, family, given) = (loose_keys(first), loose_keys(last), loose_key(family), loose_key(given));
    if a.contains(&family) || b.contains(&given) {
        return Some((ends(true), ORDER_SHOWN));
    }
    (b.contains(&family) || a.contains(&given)).then(|| (ends(false), ORDER_SHOWN))
}

/// The likelier order of a name that shows none, by its Japanese readings; a name without has its family name last.
fn likelier_order(names: &KanaNames, first: &str, last: &str, n: usize) -> (Range<usize>, f32) {
    let (a, b) = (loose_keys(first), loose_keys(last));
    let share =
        |part, keys: &[String]| keys.iter().map(|k| names.ln_share_loose(part, k)).fold(NO_READING_OF_TWO_LN, f32::max);
    if a.is_empty() && b.is_empty() {
        let order = foreign::unknown_order(n, false);
        return (order.family, order.confidence);
    }
    let odds = share(Part::Family, &a) + share(Part::Given, &b) - share(Part::Family, &b) - share(Part::Given, &a);
    (if odds > 0.0 { 0..1 } else { n - 1..n }, 1.0 / (1.0 + (-odds.abs()).exp()))
}

/// Sets the record's kana, in two parts, in the order in which they read the words.
fn set_kana(name: &mut Name, kana: Option<&str>) {
    let Some((first, second)) = kana.and_then(|k| k.split_once(' ')) else { return };
    let (family, given) = (loose_keys(&name.family), loose_keys(&name.given));
    let crossed = family.contains(&loose_key(second)) || given.contains(&loose_key(first));
    let (first, second) = if crossed { (second, first) } else { (first, second) };
    name.family_kana = Some(first.replace(' ', ""));
    name.given_kana = Some(second.replace(' ', ""));
}
