//! Customer and household ids: opaque, derived from content, readable over the phone.
//!
//! An id is a letter for what it names, 12 characters of Crockford's base 32 (60 bits of a BLAKE3 hash; no I, L, O, U) and
//! a check character, in groups: `C-7K3M-9QXA-2TF5-H`. The check character is the Luhn algorithm modulo 32, which finds
//! every wrong character and nearly all exchanges of neighbours.

use std::borrow::Cow;

use nayose_japanese::width::fold_width;

/// Crockford's base 32 (2019): digits and letters without I, L, O, U.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

const LENGTH: usize = 12;

/// What an id names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A person.
    Customer,
    /// A household.
    Household,
}

impl Kind {
    fn letter(self) -> char {
        match self {
            Kind::Customer => 'C',
            Kind::Household => 'H',
        }
    }
}

/// The id that is founded on a record of a channel. `attempt` is 0, or counts up where two founding records collide.
pub fn id_of(kind: Kind, channel: &str, record_id: &str, attempt: u32) -> String {
    let mut hasher = blake3::Hasher::new();
    for part in [&kind.letter().to_string(), channel, record_id, &attempt.to_string()] {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    let hash = hasher.finalize();
    let mut bits = hash.as_bytes().iter().take(8).fold(0u64, |bits, byte| bits << 8 | u64::from(*byte));
    let mut digits = [0u8; LENGTH];
    for digit in &mut digits {
        *digit = (bits & 31) as u8;
        bits >>= 5;
    }
    written(kind, &digits)
}

/// The id of these digits.
fn written(kind: Kind, digits: &[u8; LENGTH]) -> String {
    let mut id = String::with_capacity(18);
    id.push(kind.letter());
    for (i, digit) in digits.iter().enumerate() {
        if i % 4 == 0 {
            id.push('-');
        }
        id.push(char::from(ALPHABET[*digit as usize]));
    }
    id.push('-');
    id.push(char::from(ALPHABET[check_digit(digits) as usize]));
    id
}

/// An id as a person typed or pasted it, of a customer or of a record, in plain letters: full-width ones are half-width, whatever looks
/// like a hyphen is one (word processors and keyboards of Japanese write others), and what is invisible is gone.
pub fn plain_spelling(typed: &str) -> Cow<'_, str> {
    let typed = typed.trim();
    if typed.is_ascii() {
        return Cow::Borrowed(typed);
    }
    let plain = |c: char| if is_dash(c) { '-' } else { c };
    Cow::Owned(fold_width(typed).chars().map(plain).collect::<String>().trim().to_string())
}

/// Whether what was typed is a record, `channel:record_id`, and no customer id.
pub fn is_of_record(typed: &str) -> bool {
    typed.contains([':', '：'])
}

/// Dashes, minus signs, the long mark of kana and the line of boxes: Unicode's `Pd` without waves, and what stands in for them.
fn is_dash(c: char) -> bool {
    matches!(
        c,
        '\u{2010}'
            ..='\u{2015}'
                | '\u{2043}'
                | '\u{2212}'
                | '\u{fe58}'
                | '\u{fe63}'
                | '\u{ff0d}'
                | '\u{2d7}'
                | '\u{2796}'
                | '\u{2500}'
                | '\u{2501}'
                | '\u{30fc}'
                | '\u{ff70}'
    )
}

/// The canonical form of an id as a person typed it: any case, with or without hyphens or in their [`plain_spelling`], O for 0, I or L
/// for 1. `None` where it is no id or its check character does not fit.
pub fn parse(typed: &str) -> Option<String> {
    let letters: Vec<char> = plain_spelling(typed).chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
    let kind = letters.first()?.to_ascii_uppercase();
    if !matches!(kind, 'C' | 'H') || letters.len() != LENGTH + 2 {
        return None;
    }
    let mut values = [0u8; LENGTH + 1];
    for (value, letter) in values.iter_mut().zip(&letters[1..]) {
        let letter = match letter.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            other => other,
        };
        *value = ALPHABET.iter().position(|a| char::from(*a) == letter)? as u8;
    }
    let (digits, check) = values.split_at(LENGTH);
    if check_digit(digits) != check[0] {
        return None;
    }
    let mut id = String::from(kind);
    for (i, value) in values.iter().enumerate() {
        if i % 4 == 0 {
            id.push('-');
        }
        id.push(char::from(ALPHABET[*value as usize]));
    }
    Some(id)
}

/// The 60 bits of an id in its canonical form, which order as ids do; `None` where it is none.
pub fn bits_of(id: &str) -> Option<u64> {
    let digits = id.bytes().skip(1).filter(|b| *b != b'-').take(LENGTH);
    let mut bits = Some((0u64, 0));
    for letter in digits {
        let value = ALPHABET.iter().position(|a| *a == letter);
        bits = bits.zip(value).map(|((bits, n), value)| (bits << 5 | value as u64, n + 1));
    }
    bits.filter(|(_, n)| *n == LENGTH).map(|(bits, _)| bits)
}

/// The id of these bits.
pub fn of_bits(kind: Kind, bits: u64) -> String {
    let mut digits = [0u8; LENGTH];
    for (place, digit) in digits.iter_mut().rev().enumerate() {
        *digit = (bits >> (5 * place) & 31) as u8;
    }
    written(kind, &digits)
}

/// Luhn modulo 32: from the right, every second value is doubled and its base-32 digits added.
fn check_digit(digits: &[u8]) -> u8 {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(i, digit)| {
            let value = u32::from(*digit) * if i % 2 == 0 { 2 } else { 1 };
            value / 32 + value % 32
        })
        .sum();
    ((32 - sum % 32) % 32) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_back_however_it_is_typed() {
        let id = id_of(Kind::Customer, "shop", "C000123", 0);
        assert_eq!(id.len(), 18, "{id}");
        assert_eq!(parse(&id).as_deref(), Some(id.as_str()));
        assert_eq!(parse(&id.to_lowercase().replace('-', " ")).as_deref(), Some(id.as_str()));
        for dash in ['−', '‐', '‑', '‒', '–', '—', '―', '－', '﹣', '﹘', 'ー', 'ｰ', '─', '⁃', '˗', '➖']
        {
            assert_eq!(parse(&id.replace('-', &dash.to_string())).as_deref(), Some(id.as_str()), "{dash:?}");
        }
        let wide: String = id.chars().map(|c| char::from_u32(u32::from(c) + 0xfee0).unwrap_or(c)).collect();
        assert_eq!(parse(&format!("\u{feff}　{wide}\u{200b} ")).as_deref(), Some(id.as_str()), "{wide}");
        assert_eq!(plain_spelling("shop：Ａ−００１"), "shop:A-001");
        assert_eq!(id, id_of(Kind::Customer, "shop", "C000123", 0), "derived from content");
        assert_ne!(id, id_of(Kind::Customer, "shop", "C000123", 1));
        assert_ne!(id, id_of(Kind::Customer, "shopC", "000123", 0), "parts do not run together");
    }

    #[test]
    fn an_id_is_its_bits_and_orders_as_they_do() {
        let mut ids: Vec<String> = (0..500).map(|n| id_of(Kind::Customer, "shop", &n.to_string(), 0)).collect();
        ids.sort_unstable();
        let bits: Vec<u64> = ids.iter().map(|id| bits_of(id).expect("an id")).collect();
        assert!(bits.is_sorted());
        assert!(ids.iter().zip(&bits).all(|(id, bits)| *id == of_bits(Kind::Customer, *bits)));
        for no_id in ["", "C-", "C-7K3M", "C-7K3U-9QXA-2TF5-H"] {
            assert_eq!(bits_of(no_id), None, "{no_id}");
        }
    }

    #[test]
    fn every_single_wrong_character_is_found() {
        let id = id_of(Kind::Customer, "app", "u1", 0);
        for (place, c) in id.char_indices().filter(|(i, c)| *i > 0 && *c != '-') {
            for other in ALPHABET.iter().map(|a| char::from(*a)).filter(|o| *o != c) {
                let mut wrong = id.clone();
                wrong.replace_range(place..place + 1, &other.to_string());
                assert_eq!(parse(&wrong), None, "{wrong} for {id}");
            }
        }
    }
}
