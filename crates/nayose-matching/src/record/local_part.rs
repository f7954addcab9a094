//! Whether the local part of a mail address says more than the name of its owner.
//!
//! In: the part before the @, readings of the family and given name. Out: whether it is made of the name, as `taro.yamada` and
//! `tyamada80` are. Namesakes choose alike: agreement on such a part is the agreement on the name once more, and counted as
//! evidence of its own it makes one person of two namesakes.

use nayose_japanese::romaji;

/// So many digits of his own tell a person from namesakes; fewer are as good as none.
const OWN_DIGITS: usize = 4;

/// A local part that may be made of a name.
pub(super) struct LocalPart {
    /// Its letters, as capitals.
    letters: String,
}

impl LocalPart {
    /// `None` where it is no name's, whatever the name: without letters, or with digits of its own that are no date.
    pub(super) fn new(local: &str) -> Option<LocalPart> {
        let letters: String = local.chars().filter(char::is_ascii_alphabetic).map(|c| c.to_ascii_uppercase()).collect();
        let digits: String = local.chars().filter(char::is_ascii_digit).collect();
        let own = digits.len() >= OWN_DIGITS && !is_date(&digits);
        (letters.len() >= 2 && !own).then_some(LocalPart { letters })
    }
}

/// The names of a row's person, as keys of [`romaji::key`].
#[derive(Debug, Default)]
pub(super) struct NameKeys {
    family: Vec<String>,
    given: Vec<String>,
}

impl NameKeys {
    /// From readings in kana, or names that are written in Latin letters.
    pub(super) fn new<'a>(family: impl Iterator<Item = &'a str>, given: impl Iterator<Item = &'a str>) -> NameKeys {
        let keys =
            |names: &mut dyn Iterator<Item = &'a str>| names.map(romaji::key).filter(|key| key.len() > 1).collect();
        NameKeys { family: keys(&mut { family }), given: keys(&mut { given }) }
    }

    /// Whether a local part is one of the names or both, in any order, either shortened to its first letter, with whatever
    /// separators, and with no digits but a date or a few.
    pub(super) fn make(&self, LocalPart { letters }: &LocalPart) -> bool {
        let (whole, last) = (romaji::key(letters), letters.len() - 1);
        let (after_first, before_last) = (romaji::key(&letters[1..]), romaji::key(&letters[..last]));
        let shortened = |names: &[String], others: &[String]| {
            let begins = |letter: &str| others.iter().any(|other| other.starts_with(letter));
            names.contains(&after_first) && begins(&letters[..1])
                || names.contains(&before_last) && begins(&letters[last..])
        };
        let joined = |names: &[String], others: &[String]| {
            names.iter().filter_map(|name| Some((name, whole.strip_prefix(name.as_str())?))).any(|(name, rest)| {
                rest.is_empty() || others.iter().any(|other| rest == other || Some(rest) == lengthened(name, other))
            })
        };
        joined(&self.family, &self.given)
            || joined(&self.given, &self.family)
            || shortened(&self.family, &self.given)
            || shortened(&self.given, &self.family)
    }
}

/// What is left of a name whose first vowel only lengthens the end of the one before it (KATO OSAMU: KATOSAMU).
fn lengthened<'a>(before: &str, name: &'a str) -> Option<&'a str> {
    let vowels = ['A', 'I', 'U', 'E', 'O'];
    name.strip_prefix(vowels).filter(|_| before.ends_with(vowels))
}

/// Whether digits look like a year, a day, or a date of birth with or without its century.
fn is_date(digits: &str) -> bool {
    let number = |from: usize, to: usize| digits.get(from..to).and_then(|d| d.parse::<u32>().ok()).unwrap_or_default();
    let day = |at: usize| (1..=12).contains(&number(at, at + 2)) && (1..=31).contains(&number(at + 2, at + 4));
    let year = |at: usize| (1900..2100).contains(&number(at, at + 4));
    match digits.len() {
        4 => year(0) || day(0),
        6 => day(2) || year(0) || year(2),
        8 => year(0) && day(4),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(local: &str) -> bool {
        is_made(&NameKeys::new(["カトウ"].into_iter(), ["オサム", "シュウ"].into_iter()), local)
    }

    fn is_made(keys: &NameKeys, local: &str) -> bool {
        LocalPart::new(local).is_some_and(|local| keys.make(&local))
    }

    #[test]
    fn a_name_is_told_in_every_spelling() {
        for local in [
            "osamu.kato",
            "kato_osamu",
            "katouosamu",
            "katoosamu",
            "osamukatoh",
            "kato",
            "osamu",
            "o.kato",
            "katoo",
            "kosamu",
            "osamu-k",
            "shukato",
            "syuu.katou",
            "osamu.kato85",
            "kato1985",
            "osamu0412",
            "kato.osamu850412",
            "katoosamu19850412",
        ] {
            assert!(made(local), "{local}");
        }
    }

    #[test]
    fn what_a_person_made_up_is_kept() {
        for local in [
            "neko.kato",
            "osamu.kato7781",
            "kato.osamu.7781",
            "sakura",
            "osamu.sato",
            "katoya",
            "09012345678",
            "",
            "k",
            "1985",
            "kato.osamu.123456789",
        ] {
            assert!(!made(local), "{local}");
        }
    }

    #[test]
    fn latin_names_too() {
        let keys = NameKeys::new(["Smith"].into_iter(), ["John"].into_iter());
        let made = |local: &str| is_made(&keys, local);
        assert!(made("john.smith") && made("jsmith") && made("smithj88"));
        assert!(!made("blacksmith") && !made("john.doe"));
    }
}
