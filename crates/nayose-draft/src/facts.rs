//! What the values of a column look like: cells in, shares of what they can be read as out.
//!
//! Values themselves never leave this module: only counts and shares do.

use std::collections::HashSet;

use nayose_japanese::identifier::{CheckDigit, identifier};
use nayose_japanese::name::Problem;
use nayose_japanese::{address, date, email, kana, name, phone, postal};
use serde::Serialize;

use crate::rows::Table;

/// Values that are read: more tell nothing new, and addresses take some microseconds each.
const VALUES: usize = 60;

/// The longest value that is read, in characters: an address with its building has a hundred; longer ones are texts.
const LONGEST: usize = 200;

/// Counts of a column's cells in the sample.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Facts {
    /// Rows of the table.
    pub rows: usize,
    /// Rows with a value.
    pub filled: usize,
    /// Different values.
    pub distinct: usize,
    /// Values that a spreadsheet damaged beyond repair (`9.02842E+09`), among those that were read.
    pub damaged: usize,
    /// Dates that are written in an era, among those that were read.
    pub era: usize,
}

impl Facts {
    /// Whether every row has a value of its own.
    pub fn is_unique(&self) -> bool {
        self.filled > 0 && self.filled == self.rows && self.distinct == self.rows
    }

    /// Whether no row has a value.
    pub fn is_empty(&self) -> bool {
        self.filled == 0
    }
}

/// What a value can be read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub(crate) enum Sort {
    Email,
    Phone,
    /// A postal code with its hyphen or mark.
    Postal,
    /// Seven digits that are a postal code.
    PostalDigits,
    /// A day without a time.
    Day,
    /// A point in time.
    Moment,
    /// A time of day.
    TimeOfDay,
    /// Digits that can be a time of day: `103309`.
    ClockDigits,
    /// A day before 2010 in a usual life.
    BirthDay,
    Kana,
    /// Family and given name.
    Name,
    Family,
    Given,
    /// An address with its municipality.
    Place,
    Prefecture,
    /// A whole or decimal number.
    Number,
    /// A number with a sign of money or separators of thousands.
    Money,
    Sex,
    /// Letters and digits without blanks, with a digit.
    Code,
    /// Digits with the check digit of a payment card.
    Luhn,
    /// Digits with the check digit of an article.
    Jan,
    /// Letters without digits.
    Letters,
    Url,
}

const SORTS: usize = Sort::Url as usize + 1;

/// Shares of the values of a column.
#[derive(Clone, Debug, Default)]
pub(crate) struct Evidence {
    pub(crate) facts: Facts,
    counts: [usize; SORTS],
    read: usize,
}

impl Evidence {
    /// Share of the values that can be read as `sort`; 0 where there are none.
    pub(crate) fn share(&self, sort: Sort) -> f64 {
        if self.read == 0 { 0.0 } else { self.counts[sort as usize] as f64 / self.read as f64 }
    }

    /// How much the values of two columns differ in what they can be read as: 0 where they look alike, 1 and more where they are of
    /// two kinds. Columns without values are of no kind.
    pub(crate) fn distance(&self, other: &Evidence) -> f64 {
        if self.read == 0 || other.read == 0 {
            return f64::MAX;
        }
        let share = |of: &Evidence, sort: usize| of.counts[sort] as f64 / of.read as f64;
        (0..SORTS).map(|sort| (share(self, sort) - share(other, sort)).abs()).sum::<f64>() / 2.0
    }

    /// Whether the values are phone numbers in some rows and mail addresses in others.
    pub(crate) fn is_phone_or_mail(&self) -> bool {
        // A slip of one row in ten is none of the column.
        let some = |sort: Sort| self.share(sort) > 0.1;
        some(Sort::Phone) && some(Sort::Email) && self.mostly(&[Sort::Phone, Sort::Email])
    }

    /// Whether nearly all values can be read as one of `sorts`.
    pub(crate) fn mostly(&self, sorts: &[Sort]) -> bool {
        sorts.iter().map(|sort| self.share(*sort)).sum::<f64>() >= 0.8
    }
}

/// A value without what spreadsheets and shops put around it: `'0312…`, `="0312…"`.
pub(crate) fn bare(value: &str) -> &str {
    let value = value.trim();
    let value = value.strip_prefix("=\"").and_then(|v| v.strip_suffix('"')).unwrap_or(value);
    value.strip_prefix('\'').unwrap_or(value).trim()
}

/// The evidence of a column.
pub(crate) fn evidence(table: &Table, column: usize) -> Evidence {
    let distinct: HashSet<&str> = table.filled(column).collect();
    let filled = table.filled(column).count();
    let facts = Facts { rows: table.rows.len(), filled, distinct: distinct.len(), ..Facts::default() };
    let mut out = Evidence { facts, ..Evidence::default() };
    // The first of each value, in order of rows, so that the answer is the same every time.
    let mut seen = HashSet::new();
    for value in table.filled(column).filter(|value| seen.insert(*value)).take(VALUES) {
        out.read += 1;
        read(bare(value), &mut out);
    }
    out
}

/// Counts what one value can be.
fn read(value: &str, out: &mut Evidence) {
    let mut count = |sort: Sort, holds: bool| out.counts[sort as usize] += usize::from(holds);
    let digits = value.chars().filter(char::is_ascii_digit).count();
    let chars = value.chars().count();
    let plain = value.bytes().all(|b| b.is_ascii_digit());
    if chars > LONGEST {
        return;
    }
    if is_scientific(value) {
        out.facts.damaged += 1;
        return;
    }
    if value.contains('@') && email::email(value).address.is_some() {
        return count(Sort::Email, true);
    }
    if value.starts_with("http://") || value.starts_with("https://") {
        return count(Sort::Url, true);
    }
    if is_time_of_day(value) {
        return count(Sort::TimeOfDay, true);
    }
    let day = date::date(value);
    let whole_day = day.value.is_some_and(|d| d.day.is_some());
    count(Sort::ClockDigits, plain && is_clock(value));
    // A number of eight digits can be a day; others are numbers.
    let dated = whole_day && (!plain || digits == 8) && digits >= 3;
    if dated || (plain && matches!(digits, 10 | 13 | 16)) {
        let epoch = plain && value.starts_with('1') && date::timestamp(value).is_some();
        let timed = value.contains(':') || value.contains('時') || epoch;
        count(Sort::Moment, timed && date::timestamp(value).is_some());
        count(Sort::Day, dated && !timed);
        let midnight = value.contains(" 00:00") || value.contains("T00:00");
        let year = day.value.map_or(0, |d| d.year);
        count(Sort::BirthDay, dated && (!timed || midnight) && (1900..2010).contains(&year));
        out.facts.era += usize::from(day.era.is_some());
        if dated {
            return;
        }
    }
    let count = |out: &mut Evidence, sort: Sort, holds: bool| out.counts[sort as usize] += usize::from(holds);
    let first = value.chars().next().unwrap_or(' ');
    let dialled = (9..=15).contains(&digits) && matches!(first, '0' | '+' | '(' | '０' | '＋');
    count(
        out,
        Sort::Phone,
        (dialled || value.chars().any(|c| ('０'..='９').contains(&c))) && phone::phone(value).e164.is_some(),
    );
    let code = postal::postal(value).code.is_some() && chars <= 10;
    count(out, Sort::Postal, code && !plain);
    count(out, Sort::PostalDigits, code && plain);
    count(out, Sort::Number, is_number(value));
    count(out, Sort::Money, !is_number(value) && is_money(value));
    count(out, Sort::Luhn, plain && digits >= 14 && identifier(value, CheckDigit::Luhn).valid == Some(true));
    let article =
        plain && (digits == 13 && ["45", "49"].contains(&&value[..2]) || digits == 8 && value.starts_with('4'));
    count(out, Sort::Jan, article && identifier(value, CheckDigit::Jan).valid == Some(true));
    count(out, Sort::Code, digits > 0 && chars <= 40 && !value.contains(char::is_whitespace) && value.is_ascii());
    count(out, Sort::Letters, digits == 0 && value.chars().any(char::is_alphabetic));
    // Codes say nothing by themselves, in whatever width.
    let coded = value.chars().any(char::is_numeric);
    count(out, Sort::Sex, !coded && nayose_japanese::sex::sex(value).key().is_some());
    if value.is_ascii() || chars > 120 {
        return;
    }
    let is_kana = |c: char| kana::is_kana(c) || ('ｦ'..='ﾟ').contains(&c);
    let all_kana = value.chars().all(|c| is_kana(c) || c.is_whitespace() || c == '・') && value.chars().any(is_kana);
    count(out, Sort::Kana, all_kana);
    if all_kana || chars > 60 {
        return;
    }
    let place = address::normalize(value, None);
    let understood = place.level >= address::Level::City && !place.is_partial();
    count(out, Sort::Place, understood);
    count(out, Sort::Prefecture, place.level == address::Level::Prefecture && place.rest.is_empty() && chars <= 4);
    if understood || digits > 0 || chars > 20 {
        return;
    }
    let name = name::normalize(value, None);
    // Words of other kinds are divided into names too, with less confidence.
    let sure = name.confidence >= 0.7;
    count(out, Sort::Name, sure && name.problem.is_none() && !name.family.is_empty() && !name.given.is_empty());
    count(out, Sort::Family, sure && name.problem == Some(Problem::OnlyFamily));
    count(out, Sort::Given, sure && name.problem == Some(Problem::OnlyGiven));
}

/// `9.02842E+09`: digits are lost.
fn is_scientific(value: &str) -> bool {
    let Some((mantissa, exponent)) = value.split_once(['E', 'e']) else { return false };
    let number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    mantissa.contains('.') && number(mantissa) && exponent.starts_with('+') && number(&exponent[1..])
}

/// `9:05`, `20:11:12`, `20時11分`.
fn is_time_of_day(value: &str) -> bool {
    let folded = value.replace(['時', '分'], ":").replace('秒', "");
    let parts: Vec<&str> = folded.trim_end_matches(':').split(':').collect();
    let small = |text: &&str| (1..=2).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    (2..=3).contains(&parts.len()) && parts.iter().all(small) && parts[0].parse::<u8>().is_ok_and(|hour| hour < 30)
}

/// `93309`, `103309`: hours, minutes and seconds, which spreadsheets write without the first zero.
fn is_clock(digits: &str) -> bool {
    let clock: Option<u32> = (5..=6).contains(&digits.len()).then(|| digits.parse().ok()).flatten();
    clock.is_some_and(|clock| clock / 10_000 < 24 && clock / 100 % 100 < 60 && clock % 100 < 60)
}

fn is_number(value: &str) -> bool {
    let value = value.strip_prefix(['-', '+']).unwrap_or(value);
    let (whole, decimals) = value.split_once('.').unwrap_or((value, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    digits(whole) && digits(decimals)
}

/// `¥1,600`, `-¥1,600`, `(1,200)`, `−500`, `1,600円`.
fn is_money(value: &str) -> bool {
    let signs = ['¥', '￥', '\\', '$', '円', ',', '(', ')', '-', '−', '－', '△', '▲', '+', '.', ' '];
    value.chars().any(|c| c.is_ascii_digit())
        && value.chars().all(|c| c.is_ascii_digit() || signs.contains(&c))
        && !value.trim_start_matches('-').contains('-')
}
