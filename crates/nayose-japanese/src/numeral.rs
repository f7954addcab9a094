//! Japanese numerals: 二十三, 一二三, １２ and 12 to one number.
//!
//! In: characters after width folding. Out: the value and the number of characters it took. Kanji numerals are written
//! by unit (百二十三) and by place (一二三); both are read, and 壱 弐 参 too. Why shared: addresses and dates use the
//! same numerals.

/// The most characters of a numeral: more than a lot or a year has, and eight digits fit 32 bits.
pub(crate) const MAX_CHARS: usize = 8;

/// The value of one ASCII or kanji digit; 十 百 千 are units, not digits.
pub(crate) fn digit(c: char) -> Option<u32> {
    Some(match c {
        '0'..='9' => c as u32 - '0' as u32,
        '〇' | '零' => 0,
        '一' | '壱' | '壹' => 1,
        '二' | '弐' | '貳' => 2,
        '三' | '参' | '參' => 3,
        '四' => 4,
        '五' => 5,
        '六' => 6,
        '七' => 7,
        '八' => 8,
        '九' => 9,
        _ => return None,
    })
}

/// The value of a unit below 万: 十, 百, 千.
pub(crate) fn unit(c: char) -> Option<u32> {
    Some(match c {
        '十' | '拾' => 10,
        '百' => 100,
        '千' => 1000,
        _ => return None,
    })
}

/// Whether `c` can be part of a number written in kanji.
pub(crate) fn is_kanji_numeral(c: char) -> bool {
    !c.is_ascii() && (digit(c).is_some() || unit(c).is_some())
}

/// The number in ASCII digits at the beginning of `text`: value and length. `None` above [`MAX_CHARS`] digits.
pub(crate) fn read_ascii(text: &[char]) -> Option<(u32, usize)> {
    let len = text.iter().take_while(|c| c.is_ascii_digit()).count();
    if len == 0 || len > MAX_CHARS {
        return None;
    }
    let value = text[..len].iter().fold(0, |sum, &c| sum * 10 + digit(c).unwrap_or(0));
    Some((value, len))
}

/// The number in kanji at the beginning of `text`: value and length. `None` above [`MAX_CHARS`] characters.
pub(crate) fn read_kanji(text: &[char]) -> Option<(u32, usize)> {
    let len = text.iter().take_while(|&&c| is_kanji_numeral(c)).count();
    if len == 0 || len > MAX_CHARS {
        return None;
    }
    let run = &text[..len];
    if !run.iter().any(|&c| unit(c).is_some()) {
        return Some((run.iter().fold(0, |sum, &c| sum * 10 + digit(c).unwrap_or(0)), len));
    }
    let (mut total, mut pending) = (0u32, None);
    for &c in run {
        match (digit(c), unit(c)) {
            (Some(d), _) => pending = Some(pending.unwrap_or(0) * 10 + d),
            // Wraps for 九九九九九九九千, which is no number of anything.
            (_, Some(u)) => total = total.wrapping_add(pending.take().unwrap_or(1).wrapping_mul(u)),
            _ => {}
        }
    }
    Some((total.wrapping_add(pending.unwrap_or(0)), len))
}

#[cfg(test)]
mod tests {
    use super::{read_ascii, read_kanji};

    #[test]
    fn reads() {
        let read = |text: &[char]| read_ascii(text).or_else(|| read_kanji(text));
        for (text, value, len) in [
            ("12番", 12, 2),
            ("十", 10, 1),
            ("二十三丁目", 23, 3),
            ("一二三", 123, 3),
            ("百二十三番地", 123, 4),
            ("千五百", 1500, 3),
            ("二〇", 20, 2),
            ("三千二百一", 3201, 5),
        ] {
            let chars: Vec<char> = text.chars().collect();
            assert_eq!(read(&chars), Some((value, len)), "{text}");
        }
        assert_eq!(read(&['番']), None);
        assert_eq!(read(&['1'; 30]), None);
        assert_eq!(read(&['千'; 8]).map(|r| r.1), Some(8));
        let absurd: Vec<char> = "九九九九九九九千".chars().collect();
        assert_eq!(read(&absurd).map(|r| r.1), Some(8));
    }
}
