//! The values of cells that are numbers.
//!
//! In: a number as it is written in a workbook, and its format. Out: the text of it.

use super::format::{Format, zeros};

/// The last day that Excel knows, 9999-12-31.
const LAST_DAY: f64 = 2_958_465.0;

/// From 1900-01-01 to 1904-01-01: what numbers of the 1904 system are behind (Microsoft, "Date systems in Excel").
const DAYS_1904: i64 = 1462;

/// The digits that Excel keeps and shows of a number (Microsoft, "Excel specifications and limits": 15 digits).
pub(super) const DIGITS: usize = 15;

/// Whole numbers from here on have more digits than Excel keeps.
const EXACT: f64 = 1e15;

const SECONDS: i64 = 24 * 60 * 60;

/// The text of a number in a format: a date, a time, a duration, or the number without an exponent.
pub(super) fn text_of(number: &str, format: &Format, is_1904: bool) -> String {
    let number = number.trim();
    let Some(value) = number.parse::<f64>().ok().filter(|value| value.is_finite()) else { return number.to_string() };
    let is_date = matches!(format, Format::Date | Format::Time | Format::Duration);
    if is_date && (0.0..LAST_DAY + 1.0).contains(&value) {
        return date(value, format, is_1904);
    }
    let plain = plain(number, value);
    match format {
        Format::Zeros(code) if plain.bytes().all(|byte| byte.is_ascii_digit()) => zeros(&plain, code).unwrap_or(plain),
        _ => plain,
    }
}

/// Whether a number has more digits than Excel keeps.
pub(super) fn is_too_long(plain: &str) -> bool {
    let digits = plain.trim_start_matches('-');
    let is_whole = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    (is_whole && digits.len() > DIGITS) || plain.parse::<f64>().is_ok_and(|value| value.abs() >= EXACT)
}

/// A number without an exponent, and without zeros behind the point.
fn plain(number: &str, value: f64) -> String {
    // Digits that stand there stay, even if there are more than a float holds.
    let digits = number.strip_suffix(".0").unwrap_or(number);
    let unsigned = digits.strip_prefix('-').unwrap_or(digits);
    if !unsigned.is_empty() && value != 0.0 && unsigned.bytes().all(|byte| byte.is_ascii_digit()) {
        return digits.to_string();
    }
    if value == 0.0 {
        return "0".to_string();
    }
    // With an exponent only sixteen digits were written: what stands behind them is not there, and is not made up. Who reads an id
    // sees that it was cut (findings/xlsx-writers-join-long-ids.sh).
    if value.abs() >= EXACT && number.contains(['e', 'E']) {
        return number.to_string();
    }
    if value.fract() == 0.0 {
        return value.to_string();
    }
    // Excel writes 17 digits, 1.1000000000000001 for 1.1, and shows 15.
    let rounded: f64 = format!("{value:.*e}", DIGITS - 1).parse().unwrap_or(value);
    rounded.to_string()
}

/// The date of a day number, its time if it has one, or only a time.
fn date(value: f64, format: &Format, is_1904: bool) -> String {
    // Seconds, so that a time just below midnight comes out as the next day.
    let seconds = (value * SECONDS as f64).round() as i64;
    let (day, second) = (seconds / SECONDS, seconds % SECONDS);
    let clock = |hours: i64| format!("{hours:02}:{:02}:{:02}", second / 60 % 60, second % 60);
    if *format == Format::Duration {
        return clock(seconds / 3600);
    }
    // Day 0 is a date only in the 1904 system.
    if value < 1.0 && (*format == Format::Time || !is_1904) && day == 0 {
        return clock(second / 3600);
    }
    let date = calendar(day + if is_1904 { DAYS_1904 } else { 0 });
    if second == 0 { date } else { format!("{date} {}", clock(second / 3600)) }
}

/// The date of a day number of the 1900 system.
fn calendar(day: i64) -> String {
    // Excel has a 29th of February in 1900, as Lotus 1-2-3 had it. Days before it are counted from one day later.
    if day == 60 {
        return "1900-02-29".to_string();
    }
    let day = if day < 60 { day + 1 } else { day };
    // Days since 0000-03-01: 1899-12-30 is 693,899 of them (H. Hinnant, "chrono-compatible low-level date algorithms").
    let days = day + 693_899;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day_of_month = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day_of_month:02}")
}

/// A date as ISO 8601 has it, which strict workbooks write: with a space for the T, and without a midnight.
pub(super) fn iso(text: &str) -> String {
    let text = text.trim();
    match text.split_once('T') {
        Some((date, time)) => {
            let (clock, fraction) = time.split_once('.').unwrap_or((time, ""));
            let is_plain = fraction.bytes().all(|byte| byte == b'0');
            match (date, if is_plain { clock } else { time }) {
                ("", time) => time.to_string(),
                (date, "00:00:00") => date.to_string(),
                (date, time) => format!("{date} {time}"),
            }
        }
        None => text.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn no_digit_is_made_up() {
        let check = |written: &str, right: &str| assert_eq!(plain(written, written.parse().expect("a number")), right);
        check("9012345678", "9012345678");
        check("9.012345678E9", "9012345678");
        check("1.0E7", "10000000");
        check("49000000000000017", "49000000000000017");
        check("4.900000000000002e+16", "4.900000000000002e+16");
        check("1.1000000000000001", "1.1");
    }
}
