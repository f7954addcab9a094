//! Puts a name together: cleans the text, divides it or takes the parts it comes in, and sets the
//! kana beside them.

use super::clean::{Cleaned, clean, is_placeholder, is_test, may_be_trimmed};
use super::dictionary::{Part, dictionary};
use super::divide::{Division, TURNED, UNCOMMON, best, divide, divide_reading, ln_fit, ln_share};
use super::kana_names::kana_names;
use super::latin;
use super::learned::ReadingModel;
use super::letters::{LONGEST, Letters, part_key, units_of};
use super::{Name, Problem};
use crate::japanese::kana::{is_kana, is_kanji, kana_key, to_katakana};
use crate::japanese::organization::{has_legal_form, organization};
use crate::japanese::romaji::is_latin;
use crate::japanese::width::fold_width;

/// A name in one field.
pub(super) fn whole(text: &str, kana: Option<&str>, learned: Option<&ReadingModel>) -> Name {
    let folded = fold_width(text);
    let kana = kana.and_then(tidy_kana);
    if folded.is_empty() {
        return match kana {
            Some(kana) => whole(&kana, None, learned),
            None => Name { problem: Some(Problem::Empty), ..Name::default() },
        };
    }
    if let Some(found) = organization(&folded) {
        return with_organization(&folded, found, kana, learned);
    }
    settle(person(&folded, kana, learned), learned)
}

/// What a name shows must be that name again: a text whose parts would be taken for something else
/// (an honorific, a title, the other order) is read as it shows, until it stays.
fn settle(mut name: Name, learned: Option<&ReadingModel>) -> Name {
    let plain = |part: &str| !part.is_empty() && part.chars().all(is_kanji);
    for _ in 0..4 {
        let sure = name.confidence > 0.9
            && plain(&name.family)
            && plain(&name.given)
            && !may_be_trimmed(&name.family)
            && !may_be_trimmed(&name.given);
        if name.problem.is_some() || name.family_kana.is_some() && plain(&name.family) || sure {
            return name;
        }
        let shown = fold_width(&name.display()).into_owned();
        let again = match organization(&shown) {
            Some(_) => break,
            None => person(&shown, None, learned),
        };
        if again.key == name.key && again.problem.is_none() {
            return name;
        }
        let (honorific, title) = (again.honorific.or(name.honorific), again.title.or(name.title));
        name = Name { honorific, title, maiden: name.maiden, nickname: name.nickname, ..again };
    }
    Name { problem: Some(Problem::NotAName), ..name }
}

/// A name in parts.
pub(super) fn parts(
    family: &str,
    given: &str,
    family_kana: Option<&str>,
    given_kana: Option<&str>,
    learned: Option<&ReadingModel>,
) -> Name {
    let (family, given) = (fold_width(family), fold_width(given));
    let kana_parts = (family_kana.and_then(tidy_kana), given_kana.and_then(tidy_kana));
    let kana = match &kana_parts {
        (Some(a), Some(b)) => Some(format!("{} {}", a.replace(' ', ""), b.replace(' ', ""))),
        (Some(one), None) | (None, Some(one)) => Some(one.clone()),
        (None, None) => None,
    };
    if family.is_empty() || given.is_empty() {
        let text = if family.is_empty() { &given } else { &family };
        if text.is_empty() || text.contains(' ') || Letters::of(text).is_none_or(|l| l.len() > 2) {
            return whole(text, kana.as_deref(), learned);
        }
        let known = |part| dictionary().find(part, units_of(&part_key(text)).units()).is_some();
        let lone = if family.is_empty() { known(Part::Given) } else { known(Part::Family) };
        if !lone {
            return whole(text, kana.as_deref(), learned);
        }
    } else if has_legal_form(&format!("{family} {given}")) {
        return whole(&format!("{family} {given}"), kana.as_deref(), learned);
    }
    let text =
        format!("{}{}{}", family.replace(' ', ""), if given.is_empty() { "" } else { " " }, given.replace(' ', ""));
    let cleaned = clean(&text);
    if cleaned.text.matches(' ').count() != usize::from(!family.is_empty() && !given.is_empty()) || is_latin(&text) {
        return person(&text, kana, learned);
    }
    let mut name = person(&text, kana, learned);
    if given.is_empty()
        && !name.given.is_empty()
        && let Some(alone) = only_family(&family, learned)
    {
        // A column of family names says that 吉泉 is one.
        return alone;
    }
    if family.is_empty() && name.given.is_empty() && name.problem == Some(Problem::OnlyFamily) {
        name =
            Name { given: name.family, given_kana: name.family_kana, family: String::new(), family_kana: None, ..name };
        name.problem = Some(Problem::OnlyGiven);
        return name.finish(learned);
    }
    name
}

/// The text as a family name without a given name, where a list of names has it.
pub(super) fn only_family(text: &str, learned: Option<&ReadingModel>) -> Option<Name> {
    let kana = text.chars().all(is_kana);
    let listed = if kana {
        kana_names().is_listed(Part::Family, &kana_key(text))
    } else {
        dictionary().find(Part::Family, units_of(&part_key(text)).units()).is_some()
    };
    let family_kana = kana.then(|| to_katakana(text));
    let name = Name { family: text.to_string(), family_kana, problem: Some(Problem::OnlyFamily), ..Name::default() };
    listed.then(|| name.finish(learned))
}

/// Kana as sent beside a name: folded, katakana, without honorifics; nothing if it is no kana.
fn tidy_kana(kana: &str) -> Option<String> {
    let folded = to_katakana(&fold_width(kana)).replace(['・', ',', '、', '.', '/'], " ");
    let cleaned = clean(folded.trim()).text;
    let letters = cleaned.chars().filter(|c| *c != ' ').count();
    let written = cleaned.chars().filter(|&c| is_kana(c)).count();
    (letters > 0 && written * 10 >= letters * 9).then_some(cleaned)
}

fn with_organization(
    text: &str,
    found: crate::japanese::organization::Organization,
    kana: Option<String>,
    learned: Option<&ReadingModel>,
) -> Name {
    // 株式会社山田 佐藤一郎様: the last words are a person if they divide as one.
    let words: Vec<&str> = text.split(' ').collect();
    for take in [2, 1] {
        if words.len() > take {
            let last = words[words.len() - take..].join(" ");
            let name = person(&last, kana.clone(), learned);
            let listed = dictionary().find(Part::Family, units_of(&name.family_key).units()).is_some()
                && dictionary().find(Part::Given, units_of(&name.given_key).units()).is_some();
            let rest = words[..words.len() - take].join(" ");
            if name.problem.is_none() && listed && organization(&last).is_none() && organization(&rest).is_some() {
                return Name { organization: organization(&rest), problem: Some(Problem::Organization), ..name };
            }
        }
    }
    let key = found.key.clone();
    Name { organization: Some(found), problem: Some(Problem::Organization), confidence: 0.9, key, ..Name::default() }
}

fn person(text: &str, kana: Option<String>, learned: Option<&ReadingModel>) -> Name {
    let Cleaned { text, honorific, title, maiden, nickname, kana: bracketed } = clean(text);
    // Kana in brackets is a reading if it reads the name, else what the person is called.
    let mut nickname = nickname;
    let kana = kana.or_else(|| match bracketed {
        Some(inside) if reads(&text, &inside, learned) => tidy_kana(&inside),
        inside => {
            nickname = nickname.take().or(inside);
            None
        }
    });
    let name = Name { honorific, title, maiden, nickname, ..Name::default() };
    if (name.honorific.is_some() || name.title.is_some())
        && let Some(found) = organization(&text)
    {
        let key = found.key.clone();
        return Name { organization: Some(found), problem: Some(Problem::Organization), confidence: 0.9, key, ..name };
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
        return japanese(name, &[text], false, kana.as_deref(), learned);
    }
    if is_latin(&text) {
        return latin::latin(name, &text, kana.as_deref(), learned);
    }
    let dotted = text.contains(['・', '=']);
    let words: Vec<String> =
        text.split([' ', '・', '=', ',', '、', '/', '.', '·', '･']).map(letters_of).filter(|w| !w.is_empty()).collect();
    japanese(name, &words, dotted, kana.as_deref(), learned)
}

/// Whether kana is a reading of a name: some division of both reads on both sides.
fn reads(text: &str, kana: &str, learned: Option<&ReadingModel>) -> bool {
    let (text, Some(kana)) = (text.replace(' ', ""), tidy_kana(kana)) else { return false };
    divide(&text, Some(&kana.replace(' ', "")), learned).is_some_and(|d| d.kana_at.is_some() || d.at == text.len())
}

/// A word without digits and signs.
fn letters_of(word: &str) -> String {
    word.chars().filter(|&c| is_kanji(c) || is_kana(c) || c.is_alphabetic() || c == '-').collect()
}

fn japanese(
    mut name: Name,
    words: &[String],
    dotted: bool,
    kana: Option<&str>,
    learned: Option<&ReadingModel>,
) -> Name {
    let long = words.len() == 1 && words[0].chars().count() > LONGEST;
    if words.is_empty() || long {
        let joined = words.concat();
        name.problem = Some(Problem::NotAName);
        name.key = part_key(&joined);
        name.family_key = name.key.clone();
        name.family = joined;
        return name;
    }
    let mut kana_at = None;
    match words {
        [one] => {
            let beside = kana.filter(|k| !k.contains(' '));
            let found = match kana.and_then(|k| k.split_once(' ')) {
                Some((a, b)) => divide_beside(one, a, b, learned),
                None => divide(one, beside, learned),
            };
            let Some(found) = found else {
                name.problem = Some(Problem::NotAName);
                name.family = one.clone();
                return name.finish(learned);
            };
            kana_at = found.kana_at;
            set_division(&mut name, one, found);
        }
        [first, second] => set_parts(&mut name, first, second, dotted),
        _ => set_words(&mut name, words, dotted),
    }
    if let Some(kana) = kana {
        set_kana(&mut name, kana, kana_at, learned);
    }
    for (part, kana) in [(&name.family, &mut name.family_kana), (&name.given, &mut name.given_kana)] {
        if kana.is_none() && !part.is_empty() && part.chars().all(is_kana) {
            *kana = Some(to_katakana(part));
        }
    }
    name.finish(learned)
}

/// Divides text whose kana comes in two parts: the place whose parts read best.
fn divide_beside(text: &str, first: &str, second: &str, learned: Option<&ReadingModel>) -> Option<Division> {
    let letters = Letters::of(text)?;
    let mut ways: Vec<(usize, Option<usize>, f32)> = Vec::with_capacity(letters.len());
    for at in 1..letters.len() {
        let (f, g) = (letters.key(text, 0, at), letters.key(text, at, letters.len()));
        let read = ln_fit(f.units(), first, g.units(), second, learned);
        let ln = read
            + ln_share(Part::Family, text, &letters, 0, at)
            + ln_share(Part::Given, text, &letters, at, letters.len());
        ways.push((letters.byte(at), None, ln));
    }
    best(&ways).or_else(|| divide(text, None, learned))
}

fn set_division(name: &mut Name, text: &str, found: Division) {
    let (first, second) = text.split_at(found.at);
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

/// Two words: family name first, unless it is far likelier the other way round. Behind a middle dot
/// (ジョン・スミス) the given name comes first, unless.
fn set_parts(name: &mut Name, first: &str, second: &str, dotted: bool) {
    let straight = ln_word(Part::Family, first) + ln_word(Part::Given, second);
    let crossed = ln_word(Part::Family, second) + ln_word(Part::Given, first);
    let odds = straight - crossed;
    let foreign = dotted && first.chars().chain(second.chars()).all(is_kana);
    let turn = if foreign { odds <= TURNED || crossed > UNCOMMON } else { odds < -TURNED && straight <= UNCOMMON };
    name.swapped = turn && !foreign;
    (name.family, name.given) =
        if turn { (second.to_owned(), first.to_owned()) } else { (first.to_owned(), second.to_owned()) };
    let odds = if turn { -odds } else { odds };
    name.confidence = (1.0 / (1.0 + (-(odds + TURNED)).exp())).min(0.999);
}

/// Three words and more: the place between words where the division is likeliest; a foreign name
/// has its family name last.
fn set_words(name: &mut Name, words: &[String], dotted: bool) {
    let all_kana = words.iter().all(|w| w.chars().all(is_kana));
    if all_kana && dotted {
        name.family = words[words.len() - 1].clone();
        name.given = words[..words.len() - 1].concat();
        name.confidence = 0.7;
        return;
    }
    let mut ways: Vec<(usize, f32)> = Vec::new();
    for at in 1..words.len() {
        ways.push((at, ln_word(Part::Family, &words[..at].concat()) + ln_word(Part::Given, &words[at..].concat())));
    }
    let Some(&(at, top)) = ways.iter().max_by(|a, b| a.1.total_cmp(&b.1)) else { return };
    name.confidence = 1.0 / ways.iter().map(|w| (w.1 - top).exp()).sum::<f32>();
    set_parts(name, &words[..at].concat(), &words[at..].concat(), dotted);
}

/// ln of the share of people with a word as a part.
pub(super) fn ln_word(part: Part, word: &str) -> f32 {
    if word.chars().all(is_kana) {
        let written = dictionary().find(part, units_of(&part_key(word)).units()).map(|e| e.ln_share());
        let read = kana_names().ln_share(part, &kana_key(word));
        return written.map_or(read, |w| w.max(read));
    }
    match Letters::of(word) {
        Some(letters) => ln_share(part, word, &letters, 0, letters.len()),
        None => -60.0,
    }
}

/// Sets the kana beside the parts: as it comes in parts, or divided by how the parts read.
fn set_kana(name: &mut Name, kana: &str, kana_at: Option<usize>, learned: Option<&ReadingModel>) {
    let place = |text: &str| Some(text.replace(' ', "")).filter(|t| !t.is_empty());
    if let Some((first, second)) = kana.split_once(' ') {
        let (family, given) = (units_of(&part_key(&name.family)), units_of(&part_key(&name.given)));
        let straight = ln_fit(family.units(), first, given.units(), second, learned);
        let crossed = ln_fit(family.units(), second, given.units(), first, learned);
        let turn = crossed > straight + TURNED;
        let (first, second) = if turn { (second, first) } else { (first, second) };
        if name.given.is_empty() || name.family.is_empty() {
            return;
        }
        (name.family_kana, name.given_kana) = (place(first), place(second));
        return;
    }
    if name.given.is_empty() {
        name.family_kana = place(kana);
        return;
    }
    if name.family.is_empty() {
        name.given_kana = place(kana);
        return;
    }
    let at = kana_at.or_else(|| {
        let (family, given) = (units_of(&part_key(&name.family)), units_of(&part_key(&name.given)));
        divide_reading(family.units(), given.units(), kana, learned)
    });
    if let Some((first, second)) = at.and_then(|at| kana.split_at_checked(at)) {
        (name.family_kana, name.given_kana) = (place(first), place(second));
    }
}
