//! The postal code of an address, in a field of its own or in the text.
//!
//! In: folded text, or the field. Out: seven digits, and the text without them. Why a number: the dictionary is
//! searched by it.

/// The restriction of a postal code that belongs to one building, and of one that was the town's in the past: bits of
/// the dictionary that no 丁目 has.
pub(super) const BUILDING: u128 = 1 << 127;
pub(super) const PAST: u128 = 1 << 126;
/// The bits of 丁目.
pub(super) const LAST_CHOME: u32 = 125;

/// The seven digits of a postal code as people write it (〒100-0005, 1000005, １００－０００５).
pub(super) fn parse(text: &str) -> Option<u32> {
    let mut digits = String::new();
    for c in crate::width::fold_width(text).chars() {
        match c {
            '0'..='9' => digits.push(c),
            '〒' | ' ' | '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' | 'ー' => {}
            _ => return None,
        }
    }
    if digits.len() == 7 { digits.parse().ok() } else { None }
}

/// Removes a postal code from the text: at its beginning, or after 〒 anywhere.
pub(super) fn take(shown: &mut Vec<char>) -> Option<u32> {
    let mark = shown.iter().position(|&c| c == '〒');
    let start = mark.unwrap_or(0);
    let first = if mark.is_some() { start + 1 } else { 0 };
    let (code, mut end) = code_at(shown, first, mark.is_some())?;
    while matches!(shown.get(end), Some(' ')) {
        end += 1;
    }
    if start > 0 && end < shown.len() {
        shown.splice(start..end, [' ']);
    } else {
        shown.drain(start..end);
    }
    while shown.last() == Some(&' ') {
        shown.pop();
    }
    Some(code)
}

/// The postal code at `i`, and where it ends. `marked`: after 〒.
fn code_at(shown: &[char], mut i: usize, marked: bool) -> Option<(u32, usize)> {
    let mut code = 0;
    let mut count = 0;
    while marked && matches!(shown.get(i), Some(' ' | ':')) {
        i += 1;
    }
    while count < 7 {
        match shown.get(i) {
            Some(c) if c.is_ascii_digit() => {
                code = code * 10 + c.to_digit(10)?;
                count += 1;
            }
            Some('-' | 'ー') if count == 3 => {}
            _ => return None,
        }
        i += 1;
    }
    let next = shown.get(i);
    let ends = next.is_none_or(|c| !c.is_ascii_digit() && *c != '-');
    ends.then_some((code, i))
}

/// 100-0005.
pub(super) fn written(code: u32) -> String {
    let mut text = String::with_capacity(8);
    for place in [1_000_000, 100_000, 10_000, 1000, 100, 10, 1] {
        if place == 1000 {
            text.push('-');
        }
        text.push(char::from(b'0' + (code / place % 10) as u8));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{parse, take, written};

    #[test]
    fn codes() {
        assert_eq!(parse("〒１００－０００５"), Some(1_000_005));
        assert_eq!(parse("100-000"), None);
        assert_eq!(written(10_005), "001-0005");
        for (text, code, left) in [
            ("〒100-0005 東京都", Some(1_000_005), "東京都"),
            ("100-0005東京都", Some(1_000_005), "東京都"),
            ("東京都 〒1000005", Some(1_000_005), "東京都"),
            ("1-2-3", None, "1-2-3"),
        ] {
            let mut shown: Vec<char> = text.chars().collect();
            assert_eq!(take(&mut shown), code, "{text}");
            assert_eq!(shown.into_iter().collect::<String>(), left);
        }
    }
}
