//! Rōmaji: kana to Hepburn, rōmaji of any school to kana, and keys on which they meet.
//!
//! In: kana, or Latin letters as people and passports write Japanese names: Hepburn, Kunrei,
//! passport style with its H (OHNO, SATOH) and M (NAMBA), macrons and circumflexes (ŌNO, ÔNO),
//! doubled or dropped long vowels. Out: Hepburn ([`from_kana`]), the kana it may stand for
//! ([`to_kana`]), and two keys in which long vowels are gone: [`key`] in Latin letters and
//! [`loose_key`] in kana.
//!
//! The table is our own, after the cabinet notice of 1954 (Kunrei and its second table) and the
//! passport rules (Hepburn without long vowels).

use super::kana::{is_kana, kana_key, to_katakana};
use super::width::fold_width;
use std::collections::HashMap;
use std::sync::OnceLock;
use unicode_normalization::UnicodeNormalization;

/// Kana and its rōmaji: Hepburn first, then other schools' spellings.
const SYLLABLES: &[(&str, &[&str])] = &[
    ("ア", &["A"]),
    ("イ", &["I", "YI"]),
    ("ウ", &["U", "WU"]),
    ("エ", &["E"]),
    ("オ", &["O"]),
    ("カ", &["KA", "CA"]),
    ("キ", &["KI"]),
    ("ク", &["KU", "CU"]),
    ("ケ", &["KE"]),
    ("コ", &["KO", "CO"]),
    ("ガ", &["GA"]),
    ("ギ", &["GI"]),
    ("グ", &["GU"]),
    ("ゲ", &["GE"]),
    ("ゴ", &["GO"]),
    ("サ", &["SA"]),
    ("シ", &["SHI", "SI"]),
    ("ス", &["SU"]),
    ("セ", &["SE"]),
    ("ソ", &["SO"]),
    ("ザ", &["ZA"]),
    ("ジ", &["JI", "ZI", "DI", "DJI"]),
    ("ズ", &["ZU", "DU", "DZU"]),
    ("ゼ", &["ZE"]),
    ("ゾ", &["ZO"]),
    ("タ", &["TA"]),
    ("チ", &["CHI", "TI"]),
    ("ツ", &["TSU", "TU"]),
    ("テ", &["TE"]),
    ("ト", &["TO"]),
    ("ダ", &["DA"]),
    ("デ", &["DE"]),
    ("ド", &["DO"]),
    ("ナ", &["NA"]),
    ("ニ", &["NI"]),
    ("ヌ", &["NU"]),
    ("ネ", &["NE"]),
    ("ノ", &["NO"]),
    ("ハ", &["HA"]),
    ("ヒ", &["HI"]),
    ("フ", &["FU", "HU"]),
    ("ヘ", &["HE"]),
    ("ホ", &["HO"]),
    ("バ", &["BA", "VA"]),
    ("ビ", &["BI", "VI"]),
    ("ブ", &["BU", "VU"]),
    ("ベ", &["BE", "VE"]),
    ("ボ", &["BO", "VO"]),
    ("パ", &["PA"]),
    ("ピ", &["PI"]),
    ("プ", &["PU"]),
    ("ペ", &["PE"]),
    ("ポ", &["PO"]),
    ("マ", &["MA"]),
    ("ミ", &["MI"]),
    ("ム", &["MU"]),
    ("メ", &["ME"]),
    ("モ", &["MO"]),
    ("ヤ", &["YA"]),
    ("ユ", &["YU"]),
    ("ヨ", &["YO"]),
    ("ラ", &["RA", "LA"]),
    ("リ", &["RI", "LI"]),
    ("ル", &["RU", "LU"]),
    ("レ", &["RE", "LE"]),
    ("ロ", &["RO", "LO"]),
    ("ワ", &["WA"]),
    ("イェ", &["YE"]),
    ("ウィ", &["WI"]),
    ("ウェ", &["WE"]),
    ("ヲ", &["WO"]),
    ("キャ", &["KYA"]),
    ("キュ", &["KYU"]),
    ("キョ", &["KYO"]),
    ("ギャ", &["GYA"]),
    ("ギュ", &["GYU"]),
    ("ギョ", &["GYO"]),
    ("シャ", &["SHA", "SYA"]),
    ("シュ", &["SHU", "SYU"]),
    ("シェ", &["SHE", "SYE"]),
    ("ショ", &["SHO", "SYO"]),
    ("ジャ", &["JA", "ZYA", "DYA", "JYA"]),
    ("ジュ", &["JU", "ZYU", "DYU", "JYU"]),
    ("ジェ", &["JE", "ZYE", "JYE"]),
    ("ジョ", &["JO", "ZYO", "DYO", "JYO"]),
    ("チャ", &["CHA", "TYA", "CYA"]),
    ("チュ", &["CHU", "TYU", "CYU"]),
    ("チェ", &["CHE", "TYE"]),
    ("チョ", &["CHO", "TYO", "CYO"]),
    ("ニャ", &["NYA"]),
    ("ニュ", &["NYU"]),
    ("ニョ", &["NYO"]),
    ("ヒャ", &["HYA"]),
    ("ヒュ", &["HYU"]),
    ("ヒョ", &["HYO"]),
    ("ビャ", &["BYA"]),
    ("ビュ", &["BYU"]),
    ("ビョ", &["BYO"]),
    ("ピャ", &["PYA"]),
    ("ピュ", &["PYU"]),
    ("ピョ", &["PYO"]),
    ("ミャ", &["MYA"]),
    ("ミュ", &["MYU"]),
    ("ミョ", &["MYO"]),
    ("リャ", &["RYA", "LYA"]),
    ("リュ", &["RYU", "LYU"]),
    ("リョ", &["RYO", "LYO"]),
    ("ファ", &["FA"]),
    ("フィ", &["FI"]),
    ("フェ", &["FE"]),
    ("フォ", &["FO"]),
    ("ティ", &["THI"]),
    ("ディ", &["DHI"]),
    ("デュ", &["DHU"]),
    ("トゥ", &["TWU"]),
    ("ドゥ", &["DWU"]),
    ("クァ", &["KWA", "QUA"]),
    ("グァ", &["GWA"]),
    ("ツァ", &["TSA"]),
    ("ツェ", &["TSE"]),
    ("ツォ", &["TSO"]),
];

struct Tables {
    /// Of one kana, by its code less U+30A0.
    single: [&'static str; 96],
    /// Of a kana and a small one.
    hepburn: HashMap<&'static str, &'static str>,
    kana: HashMap<&'static str, (&'static str, &'static str)>,
}

fn tables() -> &'static Tables {
    static TABLES: OnceLock<Tables> = OnceLock::new();
    TABLES.get_or_init(|| {
        let mut tables = Tables { single: [""; 96], hepburn: HashMap::new(), kana: HashMap::new() };
        for &(kana, spellings) in SYLLABLES {
            tables.hepburn.insert(kana, spellings[0]);
            for spelling in spellings {
                tables.kana.insert(spelling, (kana, spellings[0]));
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

/// Kana in Hepburn as in a passport: capital letters, long o and u written once, N before B, M and
/// P as M (ナンバ NAMBA). Characters that are not kana are kept.
pub fn from_kana(kana: &str) -> String {
    hepburn(kana, true)
}

/// The key on which every spelling of a name meets, in Latin letters: kana and rōmaji alike.
///
/// Long vowels are gone (OHNO, ONO, OONO, ŌNO and オオノ are all ONO), Kunrei is Hepburn
/// (SYOUZI is SHOJI), M before B, M and P is N, and the apostrophe of N is dropped.
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

/// The kana key of a reading without its long vowels: what [`to_kana`] can be compared on.
pub fn loose_key(kana: &str) -> String {
    let mut key = kana_key(kana);
    key.retain(|c| c != 'ー');
    key
}

/// The katakana that rōmaji may stand for, likeliest first; empty when it is not Japanese.
///
/// N before a vowel is ン or the ナ row (SHINICHI: シニチ, シンイチ). A long vowel that was not
/// written cannot be known: compare by [`loose_key`].
pub fn to_kana(latin: &str) -> Vec<String> {
    let latin = plain_latin(&fold_width(latin));
    if latin.is_empty() || latin.len() > 40 {
        return Vec::new();
    }
    let mut out = vec![String::new()];
    for syllable in syllables(&latin) {
        match syllable {
            Syllable::Kana(kana, hepburn) => {
                let split =
                    (hepburn.len() == 2 && hepburn.starts_with('N')).then(|| vowel_kana(&hepburn[1..])).flatten();
                match split {
                    Some(vowel) if !out[0].is_empty() && out.len() < 8 => {
                        let other: Vec<String> = out.iter().map(|o| format!("{o}ン{vowel}")).collect();
                        out.iter_mut().for_each(|o| o.push_str(kana));
                        out.extend(other);
                    }
                    _ => out.iter_mut().for_each(|o| o.push_str(kana)),
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

/// Whether text is written in Latin letters (with the marks that stand inside names).
pub fn is_latin(text: &str) -> bool {
    let mut letters = false;
    text.chars().all(|c| {
        letters |= c.is_alphabetic();
        matches!(c, 'A'..='Z' | 'a'..='z' | '\u{c0}'..='\u{24f}' | ' ' | '.' | ',' | '\'' | '-' | '’' | '`')
            || ('\u{300}'..='\u{36f}').contains(&c)
            || ('\u{1e00}'..='\u{1eff}').contains(&c)
    }) && letters
}

enum Syllable {
    Kana(&'static str, &'static str),
    N,
    Double(char),
    Long,
    Other(char),
}

fn vowel_kana(vowel: &str) -> Option<&'static str> {
    match vowel {
        "A" => Some("ア"),
        "I" => Some("イ"),
        "U" => Some("ウ"),
        "E" => Some("エ"),
        "O" => Some("オ"),
        _ => None,
    }
}

/// Capital letters A to Z, - after a vowel that a macron lengthens, ' kept after N; the rest gone.
fn plain_latin(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
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

fn syllables(latin: &str) -> Vec<Syllable> {
    let tables = tables();
    let bytes = latin.as_bytes();
    let vowel = |c: Option<&u8>| matches!(c, Some(b'A' | b'I' | b'U' | b'E' | b'O'));
    let mut out = Vec::with_capacity(latin.len());
    let mut at = 0;
    while let Some(&c) = bytes.get(at) {
        let (next, before) = (bytes.get(at + 1), at.checked_sub(1).and_then(|i| bytes.get(i)));
        let found = (1..=4).rev().find_map(|n| {
            let spelled = latin.get(at..at + n)?;
            tables.kana.get(spelled).map(|&(kana, hepburn)| (n, kana, hepburn))
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
        at += step;
        out.push(syllable);
    }
    out
}

fn hepburn(kana: &str, passport: bool) -> String {
    let tables = tables();
    let kana = to_katakana(&fold_width(kana));
    let mut out = String::with_capacity(kana.len());
    let mut double = false;
    let mut chars = kana.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let next = chars.peek().map(|n| n.1);
        match c {
            'ッ' => double = true,
            'ー' => {}
            'ン' => {
                let lips = next.is_some_and(|c| "バビブベボパピプペポマミムメモ".contains(c));
                out.push(if passport && lips { 'M' } else { 'N' });
            }
            _ => {
                let small = next.filter(|n| "ァィゥェォャュョ".contains(*n));
                let pair = small.and_then(|n| tables.hepburn.get(&kana[at..at + c.len_utf8() + n.len_utf8()]));
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
                        // イノウエ is INOUE: 上 begins a new part of the name.
                        let above = passport && kana[..at].ends_with('ノ') && kana[at..].starts_with("ウエ");
                        if pair.is_some() || above || !lengthens(&out, latin, passport, chars.peek().is_none()) {
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

/// Whether a vowel only lengthens the one before it and is not written.
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

    #[test]
    fn keys_meet() {
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
        assert_eq!(to_kana("SHINICHI"), ["シニチ", "シンイチ"]);
        assert_eq!(to_kana("KATOH"), ["カトー"]);
        assert!(to_kana("SMITH").is_empty());
    }
}
