//! Rōmaji: kana to Hepburn, rōmaji of any system to kana, and keys that are equal for both.
//!
//! In: kana, or Latin letters as people and passports write Japanese names: Hepburn, Kunrei, passport style with its H
//! (OHNO, SATOH) and M (NAMBA), macrons and circumflexes (ŌNO, ÔNO), doubled or dropped long vowels. Out: Hepburn
//! ([`from_kana`]), the kana it may stand for ([`to_kana`]), and a key without long vowels ([`key`]). Why without: most
//! writers drop them, so OHNO and ONO cannot be told apart.
//!
//! The table is our own, after the cabinet notice of 1954 (Kunrei and its second table) and the passport rules (Hepburn
//! without long vowels).

mod readings;
mod syllables;

pub(crate) use readings::is_usual_nasal;
pub use readings::to_kana;

use crate::kana::{is_kana, kana_key, to_katakana};
use crate::width::fold_width;
use std::collections::HashMap;
use std::sync::OnceLock;
use syllables::SYLLABLES;
use unicode_normalization::UnicodeNormalization;

/// The most letters of a text that is read as kana. A judgement: no name is longer.
const MAX_LETTERS: usize = 40;
/// The most kana that a text is read as: each N before a vowel doubles them, and names have one or two.
const MAX_READINGS: usize = 8;
/// The most letters of a spelling in the tables: "DJI" is three.
const MAX_SPELLING: usize = 3;
/// The letters A to Z and none, in a number for each spelling.
const LETTERS: usize = 27;

struct Tables {
    /// Hepburn of one kana, by its code point minus U+30A0.
    single: [&'static str; 96],
    /// Hepburn of one kana, or of a kana and a small one.
    hepburn: HashMap<&'static str, &'static str>,
    /// Kana and its Hepburn, by the number of the rōmaji of any system. Why no hash map: every letter of every name is looked
    /// up three times.
    kana: Vec<Option<(&'static str, &'static str)>>,
}

/// The number of a spelling; `None` if it has other characters than capital letters.
fn spelling_number(spelling: &[u8]) -> Option<usize> {
    spelling.iter().try_fold(0, |n, b| b.is_ascii_uppercase().then(|| n * LETTERS + usize::from(b - b'A') + 1))
}

fn tables() -> &'static Tables {
    static TABLES: OnceLock<Tables> = OnceLock::new();
    TABLES.get_or_init(|| {
        let kana = vec![None; LETTERS.pow(MAX_SPELLING as u32)];
        let mut tables = Tables { single: [""; 96], hepburn: HashMap::new(), kana };
        for &(kana, spellings) in SYLLABLES {
            tables.hepburn.insert(kana, spellings[0]);
            for spelling in spellings {
                if let Some(slot) = spelling_number(spelling.as_bytes()).and_then(|n| tables.kana.get_mut(n)) {
                    *slot = Some((kana, spellings[0]));
                }
            }
        }
        for (kana, hepburn) in [
            ("ヂ", "JI"),
            ("ヅ", "ZU"),
            ("ヰ", "I"),
            ("ヱ", "E"),
            ("ヴ", "BU"),
            ("ヶ", "KE"),
            ("ヵ", "KA"),
            ("ヲ", "O"),
        ] {
            tables.hepburn.insert(kana, hepburn);
        }
        for (kana, hepburn) in [
            ("ァ", "A"),
            ("ィ", "I"),
            ("ゥ", "U"),
            ("ェ", "E"),
            ("ォ", "O"),
            ("ャ", "YA"),
            ("ュ", "YU"),
            ("ョ", "YO"),
            ("ヮ", "WA"),
            ("ティ", "TI"),
            ("ディ", "DI"),
            ("トゥ", "TU"),
            ("ドゥ", "DU"),
            ("デュ", "DYU"),
            ("ヂャ", "JA"),
            ("ヂュ", "JU"),
            ("ヂョ", "JO"),
            ("ヴァ", "BA"),
            ("ヴィ", "BI"),
            ("ヴェ", "BE"),
            ("ヴォ", "BO"),
        ] {
            tables.hepburn.insert(kana, hepburn);
        }
        for (kana, &hepburn) in &tables.hepburn {
            let mut chars = kana.chars();
            if let (Some(c), None) = (chars.next(), chars.next()) {
                tables.single[c as usize - 0x30a0] = hepburn;
            }
        }
        tables
    })
}

/// Kana in Hepburn as in a passport: capital letters, long o and u written once, N before B, M and P as M (ナンバ
/// NAMBA). Characters that are not kana are kept.
pub fn from_kana(kana: &str) -> String {
    hepburn(kana, true)
}

/// A key in Latin letters that is equal for every spelling of a name, in kana or rōmaji.
///
/// Long vowels are removed (OHNO, ONO, OONO, ŌNO and オオノ are all ONO), Kunrei is Hepburn (SYOUZI is SHOJI), M before
/// B, M and P is N, and the apostrophe of N is dropped.
pub fn key(text: &str) -> String {
    let text = fold_width(text);
    if text.chars().any(is_kana) {
        return hepburn(&text, false).replace('-', "");
    }
    let latin = plain_latin(&text);
    let mut out = String::with_capacity(latin.len());
    for syllable in syllables(&latin) {
        match syllable {
            Syllable::Kana(_, hepburn) => {
                let long = hepburn.len() == 1
                    && (out.ends_with(hepburn)
                        || (hepburn == "U" && out.ends_with('O'))
                        || (hepburn == "I" && out.ends_with('E')));
                if !long {
                    out.push_str(hepburn);
                }
            }
            Syllable::N => out.push('N'),
            Syllable::Double(c) | Syllable::Other(c) => out.push(c),
            Syllable::Long => {}
        }
    }
    out
}

/// The kana key of a reading without its long vowels, to compare the results of [`to_kana`] by.
pub(crate) fn loose_key(kana: &str) -> String {
    let mut key = kana_key(kana);
    key.retain(|c| c != 'ー');
    key
}

/// The katakana that the letters of rōmaji may stand for; empty if it is not Japanese.
///
/// N before a vowel is the ナ row or ン (SHINICHI: シニチ, シンイチ), before ya, yu and yo ン or ニャ (SHINYA: シンヤ, シニャ).
/// Long vowels that are not written stay missing; [`to_kana`] adds them.
pub(crate) fn literal_kana(latin: &str) -> Vec<String> {
    let latin = plain_latin(&fold_width(latin));
    if latin.is_empty() || latin.len() > MAX_LETTERS {
        return Vec::new();
    }
    let mut out = vec![String::new()];
    for syllable in syllables(&latin) {
        match syllable {
            Syllable::Kana(kana, hepburn) => {
                let nasal = if out[0].is_empty() { None } else { after_n(hepburn) };
                match nasal.filter(|_| out.len() < MAX_READINGS) {
                    Some(rest) => {
                        let other: Vec<String> = out.iter().map(|o| format!("{o}ン{rest}")).collect();
                        out.iter_mut().for_each(|o| o.push_str(kana));
                        // ニャ is in no Japanese name.
                        let first = if rest.starts_with(['ヤ', 'ユ', 'ヨ']) { 0 } else { out.len() };
                        out.splice(first..first, other);
                    }
                    None => out.iter_mut().for_each(|o| o.push_str(kana)),
                }
            }
            Syllable::N => out.iter_mut().for_each(|o| o.push('ン')),
            Syllable::Double(_) => out.iter_mut().for_each(|o| o.push('ッ')),
            Syllable::Long => out.iter_mut().for_each(|o| o.push('ー')),
            Syllable::Other(_) => return Vec::new(),
        }
    }
    out
}

/// Whether text is in Latin letters (with the punctuation of names).
pub fn is_latin(text: &str) -> bool {
    let mut letters = false;
    text.chars().all(|c| {
        letters |= c.is_alphabetic();
        matches!(c, 'A'..='Z' | 'a'..='z' | '\u{c0}'..='\u{24f}' | ' ' | '.' | ',' | '\'' | '-' | '’' | '`')
            || ('\u{300}'..='\u{36f}').contains(&c)
            || ('\u{1e00}'..='\u{1eff}').contains(&c)
    }) && letters
}

/// A unit of rōmaji.
enum Syllable {
    /// Kana and its Hepburn.
    Kana(&'static str, &'static str),
    /// ン.
    N,
    /// ッ, written as the consonant that it doubles.
    Double(char),
    /// ー.
    Long,
    /// A letter that is no Japanese.
    Other(char),
}

/// The kana after ン, if the N of this Hepburn is one.
fn after_n(hepburn: &str) -> Option<&'static str> {
    match hepburn {
        "NA" => Some("ア"),
        "NI" => Some("イ"),
        "NU" => Some("ウ"),
        "NE" => Some("エ"),
        "NO" => Some("オ"),
        "NYA" => Some("ヤ"),
        "NYU" => Some("ユ"),
        "NYO" => Some("ヨ"),
        _ => None,
    }
}

/// Capital letters A to Z, - after a vowel with a macron or circumflex, ' after N; the rest is removed.
fn plain_latin(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    if text.is_ascii() {
        for b in text.bytes() {
            match b {
                b'A'..=b'Z' | b'a'..=b'z' => out.push(char::from(b.to_ascii_uppercase())),
                b'\'' | b'`' if out.ends_with('N') => out.push('\''),
                _ => {}
            }
        }
        return out;
    }
    for c in text.nfd() {
        match c {
            'A'..='Z' => out.push(c),
            'a'..='z' => out.push(c.to_ascii_uppercase()),
            '\u{304}' | '\u{302}' => out.push('-'),
            '\'' | '’' | '`' if out.ends_with('N') => out.push('\''),
            _ => {}
        }
    }
    out
}

/// Splits the result of [`plain_latin`], longest spelling first.
fn syllables(latin: &str) -> Vec<Syllable> {
    let tables = tables();
    let bytes = latin.as_bytes();
    let vowel = |c: Option<&u8>| matches!(c, Some(b'A' | b'I' | b'U' | b'E' | b'O'));
    let mut out = Vec::with_capacity(latin.len());
    let mut i = 0;
    while let Some(&c) = bytes.get(i) {
        let (next, before) = (bytes.get(i + 1), i.checked_sub(1).and_then(|before| bytes.get(before)));
        let found = (1..=MAX_SPELLING).rev().find_map(|n| {
            let (kana, hepburn) = (*tables.kana.get(spelling_number(bytes.get(i..i + n)?)?)?)?;
            Some((n, kana, hepburn))
        });
        let (step, syllable) = match (c, found) {
            (b'-', _) => (1, Syllable::Long),
            (b'\'', _) => (1, Syllable::Other('\'')),
            (_, Some((n, kana, hepburn))) => (n, Syllable::Kana(kana, hepburn)),
            // Passport H: OHNO, SATOH, YUHKI.
            (b'H', _) if vowel(before) => (1, Syllable::Long),
            (b'N', _) if next == Some(&b'\'') => (2, Syllable::N),
            (b'N', _) => (1, Syllable::N),
            (b'M', _) if matches!(next, Some(b'B' | b'M' | b'P')) => (1, Syllable::N),
            (b'T', _) if next == Some(&b'C') => (1, Syllable::Double('T')),
            (b'C', _) if next == Some(&b'C') => (1, Syllable::Double('T')),
            (c, _) if next == Some(&c) => (1, Syllable::Double(char::from(c))),
            (c, _) => (1, Syllable::Other(char::from(c))),
        };
        i += step;
        out.push(syllable);
    }
    out
}

/// Kana in Hepburn: as in a passport, or as a key.
fn hepburn(kana: &str, passport: bool) -> String {
    let tables = tables();
    let kana = to_katakana(&fold_width(kana));
    let mut out = String::with_capacity(kana.len());
    let (mut double, mut long) = (false, false);
    let mut chars = kana.char_indices().peekable();
    while let Some((start, c)) = chars.next() {
        let next = chars.peek().map(|n| n.1);
        match c {
            'ッ' => double = true,
            'ー' => {}
            'ン' => {
                let labial = next.is_some_and(|c| "バビブベボパピプペポマミムメモ".contains(c));
                out.push(if passport && labial { 'M' } else { 'N' });
            }
            _ => {
                let small = next.filter(|n| "ァィゥェォャュョ".contains(*n));
                let pair = small.and_then(|n| tables.hepburn.get(&kana[start..start + c.len_utf8() + n.len_utf8()]));
                if pair.is_some() {
                    chars.next();
                }
                let single =
                    (c as usize).checked_sub(0x30a0).and_then(|i| tables.single.get(i)).filter(|l| !l.is_empty());
                match pair.or(single) {
                    Some(latin) => {
                        if std::mem::take(&mut double) {
                            let head = latin.chars().next().unwrap_or('T');
                            out.push(if head == 'C' { 'T' } else { head });
                        }
                        let word = passport && (long || begins_word(&kana[..start], &kana[start..]));
                        long = pair.is_none() && !word && lengthens(&out, latin, passport, chars.peek().is_none());
                        if !long {
                            out.push_str(latin);
                        }
                    }
                    None if passport || c.is_alphanumeric() => out.push(c),
                    None => {}
                }
            }
        }
    }
    out
}

/// Whether ウ begins a word of its own and lengthens nothing: イノウエ (井上) is INOUE, マツウラ (松浦) MATSUURA, フクウチ (福内)
/// FUKUUCHI. In Chinese readings a long u is クウ, フウ or of the ヤ row (空, 風, 優, 修); after other kana, a word follows.
fn begins_word(before: &str, rest: &str) -> bool {
    if !rest.starts_with('ウ') {
        return false;
    }
    let own_word = ["ウラ", "ウチ"].iter().any(|word| rest.starts_with(word));
    match before.chars().next_back() {
        Some('ノ') => rest.starts_with("ウエ"),
        Some('ク') => own_word,
        Some('ス' | 'ツ' | 'ヌ' | 'ム' | 'ル' | 'グ' | 'ズ' | 'ヅ' | 'ブ' | 'プ') => rest != "ウ",
        _ => false,
    }
}

/// Whether a vowel only lengthens the one before it, and so is not written.
fn lengthens(before: &str, latin: &str, passport: bool, last: bool) -> bool {
    match latin {
        "U" => before.ends_with(['O', 'U']),
        "O" => before.ends_with('O') && (!passport || !last),
        "A" | "E" if !passport => before.ends_with(latin),
        "I" if !passport => before.ends_with(['I', 'E']),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use proptest::prelude::*;

    proptest! {
        #[test]
        fn kana_is_among_the_readings_of_its_romaji(kana in "([カサタナハマヤラワガザバ]|キ|シ|ツ|フ|リ|コ|ト|モ|ショ|キョ|リュ|ジュ){2,5}") {
            let found: Vec<String> = literal_kana(&from_kana(&kana)).iter().map(|k| loose_key(k)).collect();
            prop_assert!(found.contains(&loose_key(&kana)), "{kana} {found:?}");
        }
    }

    #[test]
    fn spellings_have_one_key() {
        for same in [
            &["OHNO", "ONO", "OONO", "ŌNO", "Ôno", "オオノ", "おおの", "OUNO", "オーノ"][..],
            &["SATOH", "SATO", "SATOU", "Satō", "サトウ", "ｻﾄｳ"],
            &["NAMBA", "NANBA", "ナンバ"],
            &["SYOUZI", "SHOJI", "ショウジ", "Shōji"],
            &["HATTORI", "ハットリ"],
            &["SHIN'ICHI", "SHINICHI", "シンイチ"],
            &["MATCHI", "MACCHI", "マッチ"],
            &["KEIKO", "ケイコ", "ケーコ"],
            &["TUTIYA", "TSUCHIYA", "ツチヤ"],
        ] {
            for one in same {
                assert_eq!(key(one), key(same[0]), "{one}");
            }
        }
        assert_ne!(key("ONO"), key("UNO"));
    }

    #[test]
    fn to_and_from() {
        assert_eq!(from_kana("オオノ"), "ONO");
        assert_eq!(from_kana("サトウ"), "SATO");
        assert_eq!(from_kana("ナンバ"), "NAMBA");
        assert_eq!(from_kana("ハットリ"), "HATTORI");
        assert_eq!(from_kana("ジュンイチ"), "JUNICHI");
        assert_eq!(from_kana("ニイガタ"), "NIIGATA");
        for (kana, latin) in [
            ("マツウラ", "MATSUURA"),
            ("カツウラ", "KATSUURA"),
            ("フルウチ", "FURUUCHI"),
            ("フクウラ", "FUKUURA"),
            ("ヤスウミ", "YASUUMI"),
            ("オオウチ", "OUCHI"),
            ("イノウエ", "INOUE"),
            ("ユウタ", "YUTA"),
            ("シュウイチ", "SHUICHI"),
            ("フウカ", "FUKA"),
            ("クウガ", "KUGA"),
            ("コウジ", "KOJI"),
        ] {
            assert_eq!(from_kana(kana), latin, "{kana}");
            assert_eq!(key(kana), key(latin), "{kana}");
        }
        assert_eq!(literal_kana("SHINICHI"), ["シニチ", "シンイチ"]);
        assert_eq!(literal_kana("SHINYA"), ["シンヤ", "シニャ"]);
        assert_eq!(literal_kana("KATOH"), ["カトー"]);
        assert!(literal_kana("SMITH").is_empty());
    }
}
