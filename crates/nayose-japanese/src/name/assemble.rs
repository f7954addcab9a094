//! Assembles a name.
//!
//! In: the text of a name in one field or in parts, and its kana. Out: a [`Name`]. The text is cleaned, divided where
//! it comes in one piece, and the kana is assigned to the parts. Why repeatedly: the result, normalized again, must
//! give the same key, so a text whose parts would be taken for something else (an honorific, the other order) is
//! normalized until it stays the same.

use super::clean::{Cleaned, clean, is_placeholder, is_test, may_be_trimmed};
use super::dictionary::{Part, dictionary};
use super::divide::{
    Candidate, Division, GIVEN_FIRST_LN, MOST_FIT_LN, UNCOMMON_LN, best, divide, ln_fit, ln_share, split_kana,
};
use super::kana_names::kana_names;
use super::latin;
use super::letters::{Letters, MAX_CHARS, key_units, part_key};
use super::word::{ln_shares, ln_word};
use super::{Name, OtherKind, OtherName, Problem, foreign};
use crate::kana::{is_kana, is_kanji, is_long_mark, kana_key, to_katakana, to_reading};
use crate::organization::{Organization, has_legal_form, organization};
use crate::romaji::is_latin;
use crate::width::fold_width;

/// How often a result is normalized again before it is given up as no name. A judgement: each round removes an
/// honorific or title, and names have few.
const MAX_ROUNDS: usize = 4;
/// A division above this confidence in two parts of plain kanji divides the same way again. A judgement.
const STABLE_CONFIDENCE: f32 = 0.9;
/// The confidence of an organization found in a name field: it may be somebody's shop. A judgement.
const ORGANIZATION_CONFIDENCE: f32 = 0.9;
/// Factor of confidence for a name with a sign for a character that was lost (?田 太郎): the part is not whole. A judgement.
const LOST_CHARACTER: f32 = 0.5;
/// The most confidence in the order of two words: names are sent in the wrong order too. A judgement.
const MAX_ORDER_CONFIDENCE: f32 = 0.999;
/// If one of two fields is empty, a listed text of at most this many characters in the other is that part alone; a
/// longer one may be a whole name. A judgement: few whole names have two characters.
const MAX_LONE_CHARS: usize = 2;

/// The name in one field.
pub(super) fn from_field(text: &str, kana: Option<&str>) -> Name {
    let folded = fold_width(text);
    let kana = kana.and_then(tidy_kana);
    if folded.is_empty() {
        return match kana {
            Some(kana) => from_field(&kana, None),
            None => Name { problem: Some(Problem::Empty), ..Name::default() },
        };
    }
    if let Some(found) = organization(&folded) {
        return with_organization(&folded, found, kana);
    }
    until_stable(person(&folded, kana))
}

/// Normalizes the displayed name until it has the same key. Most names need no second round, and the checks at the
/// start of the loop find them.
fn until_stable(mut name: Name) -> Name {
    let plain = |part: &str| !part.is_empty() && part.chars().all(is_kanji);
    for _ in 0..MAX_ROUNDS {
        let stable = name.confidence > STABLE_CONFIDENCE
            && plain(&name.family)
            && plain(&name.given)
            && !may_be_trimmed(&name.family)
            && !may_be_trimmed(&name.given);
        if name.problem.is_some() || name.family_kana.is_some() && plain(&name.family) || stable {
            return name;
        }
        let shown = fold_width(&name.display()).into_owned();
        let again = match organization(&shown) {
            Some(_) => break,
            None => person(&shown, None),
        };
        if again.key == name.key && again.problem.is_none() {
            return name;
        }
        let (honorific, title) = (again.honorific.or(name.honorific), again.title.or(name.title));
        name = Name { honorific, title, maiden: name.maiden, nickname: name.nickname, others: name.others, ..again };
    }
    Name { problem: Some(Problem::NotAName), ..name }
}

/// The name in two fields.
pub(super) fn from_parts(family: &str, given: &str, family_kana: Option<&str>, given_kana: Option<&str>) -> Name {
    let (family, given) = (fold_width(family), fold_width(given));
    let kana_parts = (family_kana.and_then(tidy_kana), given_kana.and_then(tidy_kana));
    let kana = match &kana_parts {
        (Some(a), Some(b)) => Some(format!("{} {}", a.replace(' ', ""), b.replace(' ', ""))),
        (Some(one), None) | (None, Some(one)) => Some(one.clone()),
        (None, None) => None,
    };
    if family.is_empty() || given.is_empty() {
        let text = if family.is_empty() { &given } else { &family };
        if text.is_empty() || text.contains(' ') || Letters::new(text).is_none_or(|l| l.len() > MAX_LONE_CHARS) {
            return from_field(text, kana.as_deref());
        }
        if !is_listed(if family.is_empty() { Part::Given } else { Part::Family }, text) {
            return from_field(text, kana.as_deref());
        }
    } else if has_legal_form(&format!("{family} {given}")) {
        return from_field(&format!("{family} {given}"), kana.as_deref());
    }
    let text =
        format!("{}{}{}", family.replace(' ', ""), if given.is_empty() { "" } else { " " }, given.replace(' ', ""));
    let cleaned = clean(&text);
    if cleaned.text.matches(' ').count() != usize::from(!family.is_empty() && !given.is_empty()) || is_latin(&text) {
        return person(&text, kana);
    }
    let mut name = person(&text, kana);
    if given.is_empty()
        && !name.given.is_empty()
        && let Some(alone) = only_family(&family)
    {
        // 吉泉 in a column of family names is a family name, though it divides as 吉 泉.
        return alone;
    }
    if family.is_empty() && name.given.is_empty() && name.problem == Some(Problem::OnlyFamily) {
        name =
            Name { given: name.family, given_kana: name.family_kana, family: String::new(), family_kana: None, ..name };
        name.problem = Some(Problem::OnlyGiven);
        return name.finish();
    }
    name
}

/// Whether the dictionary has the text as this part.
fn is_listed(part: Part, text: &str) -> bool {
    dictionary().find(part, key_units(&part_key(text)).units()).is_some()
}

/// The text as a family name without a given name, if a list of names has it.
pub(super) fn only_family(text: &str) -> Option<Name> {
    let kana = text.chars().all(is_kana);
    let listed =
        if kana { kana_names().is_listed(Part::Family, &kana_key(text)) } else { is_listed(Part::Family, text) };
    let family_kana = kana.then(|| to_katakana(text));
    let name = Name { family: text.to_string(), family_kana, problem: Some(Problem::OnlyFamily), ..Name::default() };
    listed.then(|| name.finish())
}

/// The record's kana: width folded, in katakana, without honorifics; `None` if less than nine tenths of it is kana (a
/// judgement, for kana with a stray letter).
fn tidy_kana(kana: &str) -> Option<String> {
    let mut folded = to_reading(&fold_width(kana));
    if folded.contains(['・', ',', '、', '.', '/', '_']) {
        folded = folded.replace(['・', ',', '、', '.', '/', '_'], " ");
    }
    let cleaned = clean(folded.trim()).text;
    let letters = cleaned.chars().filter(|c| *c != ' ').count();
    let written = cleaned.chars().filter(|&c| is_kana(c)).count();
    (letters > 0 && written * 10 >= letters * 9).then_some(cleaned)
}

/// An organization, and a person named after it if there is one.
fn with_organization(text: &str, found: Organization, kana: Option<String>) -> Name {
    // 株式会社山田 佐藤一郎様: the last words are a person if both parts are listed.
    let words: Vec<&str> = text.split(' ').collect();
    for take in [2, 1] {
        if words.len() > take {
            let last = words[words.len() - take..].join(" ");
            let name = person(&last, kana.clone());
            let listed = dictionary().find(Part::Family, key_units(&name.family_key).units()).is_some()
                && dictionary().find(Part::Given, key_units(&name.given_key).units()).is_some();
            let rest = words[..words.len() - take].join(" ");
            if name.problem.is_none() && listed && organization(&last).is_none() && organization(&rest).is_some() {
                return Name { organization: organization(&rest), problem: Some(Problem::Organization), ..name };
            }
        }
    }
    organization_alone(found, Name::default())
}

fn organization_alone(found: Organization, name: Name) -> Name {
    let key = found.key.clone();
    let problem = Some(Problem::Organization);
    Name { organization: Some(found), problem, confidence: ORGANIZATION_CONFIDENCE, key, ..name }
}

/// The name of a person.
fn person(text: &str, kana: Option<String>) -> Name {
    let Cleaned { text, honorific, title, maiden, nickname, kana: bracketed } = clean(text);
    // Kana in brackets is a reading if it reads the name, else a nickname.
    let mut nickname = nickname;
    let kana = kana.or_else(|| match bracketed {
        Some(inside) if reads(&text, &inside) => tidy_kana(&inside),
        inside => {
            nickname = nickname.take().or(inside);
            None
        }
    });
    let name = Name { honorific, title, maiden, nickname, ..Name::default() };
    if (name.honorific.is_some() || name.title.is_some())
        && let Some(found) = organization(&text)
    {
        return organization_alone(found, name);
    }
    let plain = text.chars().all(|c| is_kanji(c) || is_kana(c));
    let problem = match () {
        () if is_placeholder(&text) => Some(Problem::NotAName),
        () if is_test(&text) => Some(Problem::TestRecord),
        () if !plain && (text.contains(['@', '\\']) || text.contains("//")) => Some(Problem::NotAName),
        () => None,
    };
    if let Some(problem) = problem {
        let key = part_key(&text);
        return Name { problem: Some(problem), family: text, family_key: key.clone(), key, ..name };
    }
    if plain {
        return japanese(name, &[text], false, kana.as_deref());
    }
    if is_latin(&text) {
        return latin::latin(name, &text, kana.as_deref());
    }
    let (mut letters, mut dotted, mut bound, mut lost, mut long) = (false, false, false, false, false);
    for c in text.chars() {
        match c {
            'A'..='Z' | 'a'..='z' => letters = true,
            '・' => dotted = true,
            '=' => bound = true,
            '?' | '*' | '●' | '■' | '□' | '〓' | '\u{fffd}' => lost = true,
            c if is_long_mark(c) => long = true,
            _ => {}
        }
    }
    let text = if long { with_long_vowels(text) } else { text };
    if letters && let Some(both) = two_scripts(&name, &text, kana.as_deref()) {
        return both;
    }
    // ジャン=ピエール・デュラン: beside another sign, = joins two words to one name.
    let joined = bound && text.contains([' ', '・']);
    let text = if joined { text.replace('=', "") } else { text };
    let dotted = dotted || bound;
    let words: Vec<String> = text
        .split([' ', '・', '=', ',', '、', '/', '.', '·', '･', '_'])
        .map(only_letters)
        .filter(|w| !w.is_empty())
        .collect();
    let mut found = japanese(name, &words, dotted, kana.as_deref());
    if lost {
        found.confidence *= LOST_CHARACTER;
    }
    found
}

/// The text with ー for the marks that stand for it: in a name all in kana any of them, unless a list has a name with that 一; in
/// one word in kana a wave, or beside another word a dash (佐藤 ユ-コ).
fn with_long_vowels(text: String) -> String {
    let spaced = text.contains(' ');
    let word_is_kana =
        |w: &str| w.chars().all(|c| is_kana(c) || is_long_mark(c)) && !(w.contains('一') && is_listed(Part::Given, w));
    if spaced && text.split(' ').all(word_is_kana) {
        return to_reading(&text);
    }
    let is_meant = |c: char| c == '~' || spaced && c != '一' && is_long_mark(c);
    let words: Vec<String> = text
        .split(' ')
        .map(|w| {
            let long = w.contains(is_meant) && w.chars().all(|c| is_kana(c) || is_meant(c));
            if long { to_reading(w) } else { w.to_owned() }
        })
        .collect();
    words.join(" ")
}

/// A name in Latin letters beside the same name in Japanese writing, as residence cards have it: WANG XIAOMING_王 小明. `None`
/// unless both are whole names.
fn two_scripts(name: &Name, text: &str, kana: Option<&str>) -> Option<Name> {
    let is_cjk = |c: char| is_kanji(c) || is_kana(c);
    let cjk_first = text.starts_with(is_cjk);
    let border = text.find(|c: char| if cjk_first { c.is_alphabetic() && !is_cjk(c) } else { is_cjk(c) })?;
    let trim = |part: &str| part.replace('_', " ").trim_matches([' ', '/', ',', '、', '・', ':']).to_owned();
    let (first, second) = (trim(&text[..border]), trim(&text[border..]));
    let (latin_text, own) = if cjk_first { (second, first) } else { (first, second) };
    let whole = is_latin(&latin_text) && latin_text.contains([' ', ',']);
    if !whole || own.contains(|c: char| c.is_ascii_alphanumeric()) || own.chars().filter(|&c| is_cjk(c)).count() < 2 {
        return None;
    }
    if own.chars().all(|c| is_kana(c) || matches!(c, ' ' | '・' | 'ー')) {
        // The reading of the Latin letters.
        return Some(latin::latin(name.clone(), &latin_text, tidy_kana(&own).as_deref()));
    }
    let foreign = latin::latin(Name::default(), &latin_text, None);
    let mut found = person(&own, kana.map(str::to_owned));
    found.others.push(OtherName {
        family: foreign.family,
        given: foreign.given,
        kind: OtherKind::Latin,
        confidence: foreign.confidence,
    });
    let (honorific, title) = (found.honorific.or(name.honorific.clone()), found.title.or(name.title.clone()));
    Some(Name { honorific, title, ..found })
}

/// Whether kana is a reading of a name: the name can be divided so that the kana divides with it.
fn reads(text: &str, kana: &str) -> bool {
    let (text, Some(kana)) = (text.replace(' ', ""), tidy_kana(kana)) else { return false };
    divide(&text, Some(&kana.replace(' ', ""))).is_some_and(|d| d.kana_split.is_some() || d.split == text.len())
}

/// A word without digits and signs.
fn only_letters(word: &str) -> String {
    word.chars().filter(|&c| is_kanji(c) || is_kana(c) || c.is_alphabetic() || c == '-').collect()
}

/// The name in words of Japanese writing; `dotted` if middle dots were between them.
fn japanese(mut name: Name, words: &[String], dotted: bool, kana: Option<&str>) -> Name {
    let long = words.len() == 1 && words[0].chars().count() > MAX_CHARS;
    if words.is_empty() || long {
        let joined = words.concat();
        name.problem = Some(Problem::NotAName);
        name.key = part_key(&joined);
        name.family_key = name.key.clone();
        name.family = joined;
        return name;
    }
    let mut kana_split = None;
    match words {
        [one] => {
            let found = match kana.and_then(|k| k.split_once(' ')) {
                Some((a, b)) => divide_by_kana_parts(one, a, b),
                None => divide(one, kana),
            };
            let Some(found) = found else {
                name.problem = Some(Problem::NotAName);
                name.family = one.clone();
                return name.finish();
            };
            kana_split = found.kana_split;
            set_division(&mut name, one, found);
        }
        [first, second] => {
            let likely = set_parts(&mut name, first, second, dotted);
            if !likely && all_kana(words) {
                set_foreign(&mut name, words, dotted);
            }
        }
        _ if all_kana(words) && set_foreign(&mut name, words, dotted) => {}
        _ => set_words(&mut name, words, dotted),
    }
    if let Some(kana) = kana {
        set_kana(&mut name, kana, kana_split);
    }
    for (part, kana) in [(&name.family, &mut name.family_kana), (&name.given, &mut name.given_kana)] {
        if kana.is_none() && !part.is_empty() && part.chars().all(is_kana) {
            *kana = Some(to_katakana(part));
        }
    }
    name.finish()
}

/// Divides text whose kana comes in two parts.
fn divide_by_kana_parts(text: &str, first: &str, second: &str) -> Option<Division> {
    let letters = Letters::new(text)?;
    let mut candidates: Vec<Candidate> = Vec::with_capacity(letters.len());
    for i in 1..letters.len() {
        let (family, given) = (letters.key(text, 0, i), letters.key(text, i, letters.len()));
        let ln = ln_fit(family.units(), first, given.units(), second)
            + ln_share(Part::Family, text, &letters, 0, i)
            + ln_share(Part::Given, text, &letters, i, letters.len());
        candidates.push((letters.byte(i), None, ln));
    }
    best(&candidates).or_else(|| divide(text, None))
}

fn set_division(name: &mut Name, text: &str, found: Division) {
    let (first, second) = text.split_at(found.split);
    (name.family, name.given) =
        if found.swapped { (second.to_owned(), first.to_owned()) } else { (first.to_owned(), second.to_owned()) };
    name.swapped = found.swapped;
    name.confidence = found.confidence;
    name.problem = match (name.family.is_empty(), name.given.is_empty()) {
        (false, true) => Some(Problem::OnlyFamily),
        (true, false) => Some(Problem::OnlyGiven),
        _ => None,
    };
}

/// Two words: family name first, unless the other order is far likelier. Around a middle dot (ジョン・スミス) the given
/// name comes first, unless the words are common Japanese names. Whether they are.
fn set_parts(name: &mut Name, first: &str, second: &str, dotted: bool) -> bool {
    let [a, b] = [first, second].map(ln_shares);
    let (straight, crossed) = (a[0] + b[1], b[0] + a[1]);
    let odds = straight - crossed;
    let foreign = dotted && first.chars().chain(second.chars()).all(is_kana);
    let given_first = if foreign {
        odds <= GIVEN_FIRST_LN || crossed > UNCOMMON_LN
    } else {
        odds < -GIVEN_FIRST_LN && straight <= UNCOMMON_LN
    };
    name.swapped = given_first && !foreign;
    (name.family, name.given) =
        if given_first { (second.to_owned(), first.to_owned()) } else { (first.to_owned(), second.to_owned()) };
    let odds = if given_first { -odds } else { odds };
    name.confidence = (1.0 / (1.0 + (-(odds + GIVEN_FIRST_LN)).exp())).min(MAX_ORDER_CONFIDENCE);
    straight.max(crossed) > UNCOMMON_LN
}

fn all_kana(words: &[String]) -> bool {
    words.iter().all(|word| word.chars().all(is_kana))
}

/// A foreign name in katakana, of two words and more, in the order that a listed word shows; more than two words of which none is
/// listed are in the order of the sign between them: given name first around a middle dot (ジョン・スミス), family name first around
/// a space, as forms and cards have it. Whether it is foreign.
fn set_foreign(name: &mut Name, words: &[String], dotted: bool) -> bool {
    let n = words.len();
    // Words that join to a likely Japanese name are none: ヤマダ タ ロウ.
    let japanese = |i: usize| {
        let (first, second) = (words[..i].concat(), words[i..].concat());
        let straight = ln_word(Part::Family, &first) + ln_word(Part::Given, &second);
        straight.max(ln_word(Part::Family, &second) + ln_word(Part::Given, &first))
    };
    let listed = foreign::order(words);
    if listed.is_none() && (n == 2 || !dotted) || (n > 2 && (1..n).any(|i| japanese(i) > UNCOMMON_LN)) {
        return false;
    }
    name.swapped = false;
    let order = listed.unwrap_or_else(|| foreign::unknown_order(n, !dotted));
    let parts = |family: &std::ops::Range<usize>| {
        let given = [&words[..family.start], &words[family.end..]].concat();
        (words[family.clone()].concat(), given.concat())
    };
    (name.family, name.given) = parts(&order.family);
    name.confidence = order.confidence;
    if order.confidence < latin::SURE_ORDER {
        let (family, given) = parts(&if order.family.start == 0 { n - 1..n } else { 0..1 });
        name.others.push(OtherName { family, given, kind: OtherKind::Order, confidence: 1.0 - order.confidence });
    }
    true
}

/// Three words and more: divided where the parts are likeliest.
fn set_words(name: &mut Name, words: &[String], dotted: bool) {
    let ln = |i: usize| ln_word(Part::Family, &words[..i].concat()) + ln_word(Part::Given, &words[i..].concat());
    let likeliest = (1..words.len()).map(|i| (i, ln(i))).max_by(|a, b| a.1.total_cmp(&b.1));
    let Some((i, _)) = likeliest else { return };
    set_parts(name, &words[..i].concat(), &words[i..].concat(), dotted);
}

/// Sets the kana of the parts: in the order in which it reads them, divided at `kana_split` if it comes in one piece.
fn set_kana(name: &mut Name, kana: &str, kana_split: Option<usize>) {
    let without_spaces = |text: &str| Some(text.replace(' ', "")).filter(|t| !t.is_empty());
    if let Some((first, second)) = kana.split_once(' ') {
        if name.given.is_empty() || name.family.is_empty() {
            return;
        }
        let (family, given) = (key_units(&part_key(&name.family)), key_units(&part_key(&name.given)));
        let enough = ln_fit(family.units(), first, given.units(), second) + GIVEN_FIRST_LN;
        let given_first = enough < MOST_FIT_LN && ln_fit(family.units(), second, given.units(), first) > enough;
        let (first, second) = if given_first { (second, first) } else { (first, second) };
        (name.family_kana, name.given_kana) = (without_spaces(first), without_spaces(second));
        return;
    }
    if name.given.is_empty() {
        name.family_kana = without_spaces(kana);
        return;
    }
    if name.family.is_empty() {
        name.given_kana = without_spaces(kana);
        return;
    }
    let split = kana_split.or_else(|| {
        let (family, given) = (key_units(&part_key(&name.family)), key_units(&part_key(&name.given)));
        split_kana(family.units(), given.units(), kana)
    });
    if let Some((first, second)) = split.and_then(|split| kana.split_at_checked(split)) {
        (name.family_kana, name.given_kana) = (without_spaces(first), without_spaces(second));
    }
}
