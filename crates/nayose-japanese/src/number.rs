//! Numbers and amounts of money as people write them.
//!
//! In: any text. Out: its value, or nothing if it is no number. Full width, thousands separators, 万 億 千, a yen sign on
//! either side, words for tax, every form of a minus, and what keeps a number a text in a spreadsheet are read. Why so strict
//! about the rest: an amount that is read wrongly is worse than a row that is told as a reject.
//!
//! Decided here:
//!
//! - A comma stands before every three digits, and before the point: `1,23`, `12,34,5` and `1.234,56` are none. `0,123` is none:
//!   it is a fraction where the comma is the decimal point.
//! - Minus is `-` in every width and form, `▲` or `△` before, brackets around (the formats for negative numbers of a Japanese
//!   Excel), or `-` behind (the sign of COBOL pictures and SAP). But `¥1,600-` is none: receipts end an amount so, that nobody
//!   adds a digit, and a picture with a yen sign ends a negative one so.
//! - A unit counts only behind a number: `千円` is a heading. `12百万` and `3,000千円` are of accounts.
//! - Whether tax is in it is not told: a column of amounts has one meaning, which is its owner's to know.
//! - A percentage, another currency, a numeral in kanji, NaN, infinity and hexadecimal digits are none. A lone `-`, which
//!   accounts write for zero and forms for nothing, is none.

use crate::spreadsheet;

/// The most digits of a number with units: 18 fit 64 bits, and 兆 has 12 zeros.
const MAX_DIGITS: usize = 18;
/// The digits that a number with a unit has behind its point: `1.2345万`, and two more. A judgement.
const FRACTION: usize = 6;
/// Ten to the power of [`FRACTION`].
const SCALE: i128 = 1_000_000;

/// Words for tax at either end of an amount, longest first. Our own list, of price tags and invoices (総額表示, Consumption
/// Tax Act, article 63, has 税込 and its like; 税抜 and 税別 are of prices without tax).
const TAX: [&str; 14] = [
    "税込価格",
    "税込金額",
    "税抜価格",
    "税抜金額",
    "消費税込",
    "消費税別",
    "税込み",
    "税抜き",
    "非課税",
    "税込",
    "税抜",
    "税別",
    "内税",
    "外税",
];

/// The value of `text`.
pub fn number(text: &str) -> Option<f64> {
    // Nearly all numbers are plain; this reads NaN, infinity and exponents, too.
    let value = match text.parse::<f64>() {
        Ok(value) => value,
        Err(_) => written(text)?.parse().ok()?,
    };
    // Zero has no sign: -0 and 0 are one value.
    value.is_finite().then_some(value + 0.0)
}

/// The value of `text` in units of ten to the power of minus `scale`, exactly; what is smaller than a unit is rounded, a half away from
/// zero. It is a number where [`number`] is one, and fits.
pub fn decimal(text: &str, scale: u32) -> Option<i128> {
    match plain(text, scale) {
        Some(units) => Some(units),
        None => plain(&written(text)?, scale),
    }
}

/// The units of digits with a sign, a point and an exponent, as `f64` reads them.
fn plain(text: &str, scale: u32) -> Option<i128> {
    let (negative, body) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (mantissa, exponent) = match body.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (body, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits: Vec<u8> = whole.bytes().chain(fraction.bytes()).collect();
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    // So many digits are whole units.
    let units = i64::try_from(whole.len()).ok()? + i64::from(exponent) + i64::from(scale);
    let digit = |place: i64| usize::try_from(place).ok().and_then(|place| digits.get(place)).map_or(0, |d| d - b'0');
    let mut value: i128 = 0;
    for place in 0..units {
        if value == 0 && place >= i64::try_from(digits.len()).ok()? {
            break;
        }
        value = value.checked_mul(10)?.checked_add(i128::from(digit(place)))?;
    }
    if units >= 0 && digit(units) >= 5 {
        value = value.checked_add(1)?;
    }
    Some(if negative { -value } else { value })
}

/// A number with anything around it, as digits.
#[cold]
fn written(text: &str) -> Option<String> {
    let unwrapped = spreadsheet::unwrap(text);
    let plain: String = unwrapped.as_deref().unwrap_or(text).chars().filter_map(narrow).collect();
    let amount = Amount::default().peel(without_tax(plain.trim()))?;
    let value = magnitude(amount.body)?;
    Some(if amount.negative { format!("-{value}") } else { value })
}

/// The character in the form that is read here; `None` if it is invisible. Not NFKC: that makes 52 of 5².
fn narrow(c: char) -> Option<char> {
    Some(match c {
        '￥' | '\\' | '＼' => '¥',
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0)?,
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{fe63}' | 'ー' | 'ｰ' => '-',
        '\u{3000}' | '\u{a0}' | '\t' | '\r' | '\n' => ' ',
        // Marks of byte order and of no width.
        '\u{feff}' | '\u{200b}' => return None,
        other => other.to_ascii_uppercase(),
    })
}

/// The amount without a word for tax before or behind it, in brackets or not.
fn without_tax(text: &str) -> &str {
    let trimmed = text.trim();
    for word in TAX {
        if let Some(rest) = trimmed.strip_suffix(')').and_then(|t| t.trim_end().strip_suffix(word)) {
            return rest.trim_end().strip_suffix('(').unwrap_or(text).trim();
        }
        if let Some(rest) = trimmed.strip_prefix('(').and_then(|t| t.trim_start().strip_prefix(word)) {
            return rest.trim_start().strip_prefix(')').unwrap_or(text).trim();
        }
        if let Some(rest) = trimmed.strip_suffix(word).or_else(|| trimmed.strip_prefix(word)) {
            return rest.trim_matches([' ', ':']);
        }
    }
    trimmed
}

/// What stands around a number, each thing at most once.
#[derive(Debug, Clone, Copy, Default)]
struct Amount<'a> {
    body: &'a str,
    signed: bool,
    negative: bool,
    yen_before: bool,
    yen_behind: bool,
}

impl<'a> Amount<'a> {
    /// Takes signs, brackets and yen off `text` from outside; `None` if there are two of a kind.
    fn peel(mut self, text: &'a str) -> Option<Amount<'a>> {
        let text = text.trim();
        if let Some(inner) = text.strip_prefix('(') {
            return self.sign(true)?.peel(inner.strip_suffix(')')?);
        }
        for (mark, negative) in [('-', true), ('▲', true), ('△', true), ('+', false)] {
            if let Some(rest) = text.strip_prefix(mark) {
                return self.sign(negative)?.peel(rest);
            }
        }
        // 金 is Friday, too; it begins an amount that ends in 円.
        let before: &[&str] = if text.ends_with(['円', '也']) { &["¥", "JPY", "金"] } else { &["¥", "JPY"] };
        if let Some(rest) = before.iter().find_map(|yen| text.strip_prefix(yen)) {
            if std::mem::replace(&mut self.yen_before, true) {
                return None;
            }
            return self.peel(rest);
        }
        if let Some(rest) = ["円也", "円", "JPY", "YEN"].iter().find_map(|yen| text.strip_suffix(yen)) {
            if std::mem::replace(&mut self.yen_behind, true) {
                return None;
            }
            return self.peel(rest);
        }
        if let Some(rest) = text.strip_suffix('-').filter(|_| !self.yen_before) {
            return self.sign(true)?.peel(rest);
        }
        self.body = text;
        Some(self)
    }

    fn sign(mut self, negative: bool) -> Option<Amount<'a>> {
        self.negative = negative;
        (!std::mem::replace(&mut self.signed, true)).then_some(self)
    }
}

/// The value of digits, with or without units.
fn magnitude(body: &str) -> Option<String> {
    if !body.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    if body.contains(['十', '百', '千', '万', '億', '兆']) {
        return with_units(body);
    }
    if !body.contains(',') {
        // `.5`, `5.` and `1.5E+06`, as without anything around. What begins with a digit is not NaN.
        return body.parse::<f64>().is_ok().then(|| body.to_string());
    }
    let (whole, fraction) = separated(body)?;
    Some(format!("{whole}.{fraction}0"))
}

/// The digits before and behind the point, with or without separators.
fn separated(text: &str) -> Option<(String, &str)> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let mut groups = whole.split(',');
    let first = groups.next()?;
    let several = whole.contains(',');
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    let right = digits(first) && digits(fraction) && groups.all(|group| group.len() == 3 && digits(group));
    let begins = if several { (1..=3).contains(&first.len()) && first != "0" } else { !first.is_empty() };
    (right && begins).then(|| (whole.replace(',', ""), fraction))
}

/// `1万2,345`, `3千`, `1.5億`, `12百万`: each number is smaller than the unit before it.
fn with_units(body: &str) -> Option<String> {
    // In millionths. A section is what stands before 万, 億 or 兆.
    let (mut total, mut section) = (0i128, 0i128);
    let (mut above, mut within, mut rest) = (i128::MAX, i128::MAX, body);
    let mut whole = true;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !matches!(c, '0'..='9' | ',' | '.')).unwrap_or(rest.len());
        let (digits, after) = rest.split_at(end);
        // 12百万: a unit on a unit.
        let bare = digits.is_empty();
        let value = if bare { 0 } else { millionths(digits)? };
        let mut units = after.chars();
        let unit = units.next();
        // Nothing follows a fraction and its units.
        if !whole && !bare {
            return None;
        }
        whole &= value % SCALE == 0;
        match unit {
            Some('十' | '百' | '千') if !bare => {
                let unit = match unit {
                    Some('十') => 10,
                    Some('百') => 100,
                    _ => 1000,
                };
                if unit * SCALE >= within {
                    return None;
                }
                // 3,000千円: only the first number may be larger than what units make.
                if within != i128::MAX && value * unit >= within {
                    return None;
                }
                section += value * unit;
                within = unit * SCALE;
            }
            Some('万' | '億' | '兆') if !bare || section > 0 => {
                let unit = match unit {
                    Some('万') => 10_000,
                    Some('億') => 100_000_000,
                    _ => 1_000_000_000_000,
                };
                if unit * SCALE >= above || (!bare && value >= within) {
                    return None;
                }
                let amount = (section + value).checked_mul(unit)?;
                if amount >= above {
                    return None;
                }
                total += amount;
                section = 0;
                (above, within) = (unit * SCALE, unit * SCALE);
            }
            None if !bare && value < within => section += value,
            _ => return None,
        }
        rest = units.as_str();
    }
    if section >= above {
        return None;
    }
    let sum = total + section;
    Some(format!("{}.{:06}", sum / SCALE, sum % SCALE))
}

fn millionths(text: &str) -> Option<i128> {
    let (whole, fraction) = separated(text)?;
    if whole.len() > MAX_DIGITS || fraction.len() > FRACTION {
        return None;
    }
    format!("{whole}{fraction:0<FRACTION$}").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// `value` with a comma before every three digits.
    fn with_separators(value: u64) -> String {
        let digits = value.to_string();
        let mut out = String::new();
        for (i, c) in digits.chars().enumerate() {
            if i > 0 && (digits.len() - i).is_multiple_of(3) {
                out.push(',');
            }
            out.push(c);
        }
        out
    }

    fn wide(text: &str) -> String {
        text.chars().map(|c| char::from_u32(c as u32 + 0xfee0).filter(|_| c.is_ascii_graphic()).unwrap_or(c)).collect()
    }

    #[test]
    fn amounts_are_exact() {
        for (text, units) in [
            ("1,234.50", 12_345_000),
            ("0.1", 1000),
            ("-0.1", -1000),
            ("(1,200)", -12_000_000),
            ("¥1,980(税込)", 19_800_000),
            ("1.5万", 150_000_000),
            ("1.5E+06", 15_000_000_000),
            ("15e-1", 15_000),
            ("0.00005", 1),
            ("-0.00005", -1),
            ("0.00004999", 0),
            ("0.30000000000000004", 3000),
            ("9007199254740993.01", 90_071_992_547_409_930_100),
            ("5e-9", 0),
            ("0e999999", 0),
            ("-0", 0),
        ] {
            assert_eq!(decimal(text, 4), Some(units), "{text}");
        }
        for none in ["", "-", "NaN", "inf", "1,23", "12.3.4", "1e99", "5%", "e5", "."] {
            assert_eq!(decimal(none, 4), None, "{none}");
        }
    }

    #[test]
    fn zero_has_no_sign() {
        for zero in ["-0", "(0)", "▲0", "0"] {
            assert_eq!(number(zero).map(f64::to_bits), Some(0), "{zero}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in r"\PC*|[0-9０-９,.万億兆千百十円¥()▲+\-税込E]{0,24}") {
            if let Some(value) = number(&text) {
                prop_assert!(value.is_finite());
            }
            if decimal(&text, 4).is_some() {
                prop_assert!(number(&text).is_some(), "{}", text);
            }
        }

        #[test]
        fn decimals_are_the_numbers(cents in -1_000_000_000_000i64..1_000_000_000_000) {
            let sign = if cents < 0 { "-" } else { "" };
            let text = format!("{sign}{}.{:02}", cents.abs() / 100, cents.abs() % 100);
            prop_assert_eq!(decimal(&text, 4), Some(i128::from(cents) * 100), "{}", text);
        }

        #[test]
        fn plain_numbers_are_as_rust_reads_them(value in any::<f64>().prop_filter("finite", |v| v.is_finite())) {
            prop_assert_eq!(number(&value.to_string()), Some(value));
        }

        #[test]
        fn a_number_with_separators_comes_back(value in 0u64..1 << 53, cents in 0u8..100) {
            let text = format!("{}.{cents:02}", with_separators(value >> 10));
            let expected: f64 = format!("{}.{cents:02}", value >> 10).parse().expect("a number");
            prop_assert_eq!(number(&text), Some(expected), "{}", text);
            let text = with_separators(value);
            #[allow(clippy::cast_precision_loss)]
            let value = value as f64;
            let minus = if value == 0.0 { 0.0 } else { -value };
            for same in [text.clone(), wide(&text), format!("¥{text}"), format!("{text}円(税込)"), format!("'{text}")] {
                prop_assert_eq!(number(&same), Some(value), "{}", same);
            }
            for minus_same in [format!("-¥{text}"), format!("({text})"), format!("▲{text}"), format!("{text}-")] {
                prop_assert_eq!(number(&minus_same), Some(minus), "{}", minus_same);
            }
        }

        #[test]
        fn units_add_up(oku in 1u64..10_000, man in 1u64..10_000, rest in 0u64..10_000) {
            let text = format!("{}億{}万{}円", with_separators(oku), man, with_separators(rest));
            #[allow(clippy::cast_precision_loss)]
            let expected = (oku * 100_000_000 + man * 10_000 + rest) as f64;
            prop_assert_eq!(number(&text), Some(expected), "{}", text);
        }
    }
}
