//! Names in Latin letters: Japanese ones by their kana, foreign ones by their order.

use super::dictionary::Part;
use super::kana_names::{KanaNames, kana_names};
use super::learned::ReadingModel;
use super::{Name, Problem, Reading};
use crate::japanese::romaji::{key, loose_key, to_kana};

/// Sets the parts of a name in Latin letters. `kana` is what came beside it.
///
/// TANAKA Taro, Tanaka, Taro and Taro Tanaka are one name: capitals and a comma mark the family
/// name, else the order that is likelier for Japanese readings; a name that reads as no Japanese
/// has its family name last. Family names are shown in capitals, so the order is kept for good.
pub(super) fn latin(mut name: Name, text: &str, kana: Option<&str>, learned: Option<&ReadingModel>) -> Name {
    let comma = text.split_once(',').is_some_and(|(a, b)| words(a).len() == 1 && !words(b).is_empty());
    let mut words = words(text);
    let names = kana_names();
    match words.len() {
        0 => {
            name.problem = Some(Problem::NotAName);
            return name;
        }
        1 => {
            let loose = loosest(&words[0]);
            let share = |part| loose.iter().map(|k| names.ln_share_loose(part, k)).fold(-40.0, f32::max);
            let family = share(Part::Family) >= share(Part::Given) - 3.0;
            name.problem = Some(if family { Problem::OnlyFamily } else { Problem::OnlyGiven });
            name.confidence = 0.5;
            if family { name.family = words.remove(0).to_uppercase() } else { name.given = titled(&words.remove(0)) }
        }
        n => {
            let (first, last) = (words[0].clone(), words[n - 1].clone());
            let (family_first, sure) = family_first(names, &first, &last, comma, kana);
            name.confidence = sure;
            let family = if family_first { words.remove(0) } else { words.remove(n - 1) };
            name.swapped = false;
            name.family = family.to_uppercase();
            name.given = words.iter().map(|w| titled(w)).collect::<Vec<_>>().join(" ");
        }
    }
    beside(&mut name, kana);
    let mut done = name.finish(learned);
    let known = |part, text: &str, readings: &mut Vec<Reading>, kana: &Option<String>| {
        if kana.is_none() && !text.is_empty() {
            *readings = names.expand(part, to_kana(text));
        }
    };
    known(Part::Family, &done.family, &mut done.family_readings, &done.family_kana);
    known(Part::Given, &done.given, &mut done.given_readings, &done.given_kana);
    (done.family_key, done.given_key) = (latin_key(&done.family), latin_key(&done.given));
    // The order of Latin names is never sure, so the key does not hang on it.
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

fn latin_key(word: &str) -> String {
    let japanese = key(word);
    if japanese.is_empty() { word.to_uppercase() } else { japanese }
}

/// The loose kana keys that a word may be.
fn loosest(word: &str) -> Vec<String> {
    to_kana(word).iter().map(|k| loose_key(k)).filter(|k| !k.is_empty()).collect()
}

/// Taro of TARO; a word that has both cases stays.
fn titled(word: &str) -> String {
    if word.chars().any(char::is_lowercase) && word.chars().next().is_some_and(char::is_uppercase) {
        return word.to_owned();
    }
    let mut chars = word.chars();
    let first: String = chars.next().map(|c| c.to_uppercase().collect()).unwrap_or_default();
    first + &chars.as_str().to_lowercase()
}

fn family_first(names: &KanaNames, first: &str, last: &str, comma: bool, kana: Option<&str>) -> (bool, f32) {
    if comma {
        return (true, 0.99);
    }
    let capitals = |w: &str| w.chars().count() > 1 && !w.chars().any(char::is_lowercase);
    if capitals(first) != capitals(last) {
        return (capitals(first), 0.97);
    }
    let (a, b) = (loosest(first), loosest(last));
    if let Some((family, given)) = kana.and_then(|k| k.split_once(' ')) {
        let (family, given) = (loose_key(family), loose_key(given));
        if a.contains(&family) || b.contains(&given) {
            return (true, 0.99);
        }
        if b.contains(&family) || a.contains(&given) {
            return (false, 0.99);
        }
    }
    let share = |part, keys: &[String]| keys.iter().map(|k| names.ln_share_loose(part, k)).fold(-30.0, f32::max);
    if a.is_empty() && b.is_empty() {
        return (false, 0.6);
    }
    let odds = share(Part::Family, &a) + share(Part::Given, &b) - share(Part::Family, &b) - share(Part::Given, &a);
    (odds > 0.0, 1.0 / (1.0 + (-odds.abs()).exp()))
}

/// Kana beside a Latin name: the parts that read as the words.
fn beside(name: &mut Name, kana: Option<&str>) {
    let Some((first, second)) = kana.and_then(|k| k.split_once(' ')) else { return };
    let (family, given) = (loosest(&name.family), loosest(&name.given));
    let crossed = family.contains(&loose_key(second)) || given.contains(&loose_key(first));
    let (first, second) = if crossed { (second, first) } else { (first, second) };
    name.family_kana = Some(first.replace(' ', ""));
    name.given_kana = Some(second.replace(' ', ""));
}
