//! How two dates of one kind (two birth dates) lie to each other.
//!
//! In: two dates as far as they are known. Out: one named relation, the strongest that holds, which
//! a comparison level can weigh: each names a way in which one day comes to be written as another.

use nayose_japanese::date::PartialDate;

/// Strongest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub enum DateRelation {
    /// The same day.
    Equal,
    /// One is less precise, and agrees as far as it goes.
    Compatible,
    /// 1980-03-04 and 1980-04-03.
    DayMonthSwapped,
    /// One digit of the eight differs.
    OneDigit,
    /// Two neighbouring digits are exchanged: 1980 and 1908, 12 and 21.
    DigitsExchanged,
    /// The same month and day, and the same year number counted in another era or century: 55 as 昭和55
    /// (1980), as 1955, as 平成55.
    EraSlip,
    /// The same month and day of another year.
    SameMonthDay,
    /// The same year and month, another day.
    SameYearMonth,
    /// The same year only.
    SameYear,
    /// Nothing of these.
    Contradiction,
}

impl DateRelation {
    /// The name used in tables.
    pub fn as_str(self) -> &'static str {
        match self {
            DateRelation::Equal => "equal",
            DateRelation::Compatible => "compatible",
            DateRelation::DayMonthSwapped => "day_month_swapped",
            DateRelation::OneDigit => "one_digit",
            DateRelation::DigitsExchanged => "digits_exchanged",
            DateRelation::EraSlip => "era_slip",
            DateRelation::SameMonthDay => "same_month_day",
            DateRelation::SameYearMonth => "same_year_month",
            DateRelation::SameYear => "same_year",
            DateRelation::Contradiction => "contradiction",
        }
    }
}

/// The strongest relation that holds between two dates; symmetric.
pub(crate) fn date_relation(l: PartialDate, r: PartialDate) -> DateRelation {
    let same_year = l.year == r.year;
    let (Some((lm, ld)), Some((rm, rd))) = (l.month.zip(l.day), r.month.zip(r.day)) else {
        return partial(l, r);
    };
    let same_month_day = (lm, ld) == (rm, rd);
    if same_year && same_month_day {
        return DateRelation::Equal;
    }
    if same_year && (lm, ld) == (rd, rm) {
        return DateRelation::DayMonthSwapped;
    }
    let (a, b) = (digits(l.year, lm, ld), digits(r.year, rm, rd));
    let mut differing = (0..8).filter(|i| a[*i] != b[*i]);
    match (differing.next(), differing.next(), differing.next()) {
        (Some(_), None, _) => return DateRelation::OneDigit,
        (Some(i), Some(j), None) if j == i + 1 && i != 3 && i != 5 && a[i] == b[j] && a[j] == b[i] => {
            return DateRelation::DigitsExchanged;
        }
        _ => {}
    }
    match (same_month_day, same_year) {
        (true, _) if is_era_slip(l.year, r.year) => DateRelation::EraSlip,
        (true, _) => DateRelation::SameMonthDay,
        (_, true) if lm == rm => DateRelation::SameYearMonth,
        (_, true) => DateRelation::SameYear,
        _ => DateRelation::Contradiction,
    }
}

/// The eight digits of a whole date, a byte each, the year first; `None` where month or day is not known.
pub(crate) fn whole_digits(date: PartialDate) -> Option<u64> {
    let (month, day) = date.month.zip(date.day)?;
    Some(u64::from_be_bytes(digits(date.year, month, day)))
}

/// Whether two whole dates, by their digits, are a contradiction for sure: other year and month, other month and day, not
/// exchanged, more than two digits different. Most pairs of dates end here, without a look at eras.
#[inline]
pub(crate) fn digits_contradict(l: Option<u64>, r: Option<u64>) -> bool {
    let (Some(l), Some(r)) = (l, r) else { return false };
    let differing = l ^ r;
    let year_and_month_day = [differing >> 32, differing & 0xffff_ffff];
    year_and_month_day.iter().all(|part| *part != 0) && differing.to_le_bytes().iter().filter(|b| **b != 0).count() > 2
}

/// One of them has no day.
fn partial(l: PartialDate, r: PartialDate) -> DateRelation {
    let agree = |x: Option<u8>, y: Option<u8>| x.is_none() || y.is_none() || x == y;
    match (l.year == r.year, agree(l.month, r.month)) {
        (true, true) if l == r => DateRelation::Equal,
        (true, true) => DateRelation::Compatible,
        (true, false) => DateRelation::SameYear,
        (false, _) if l.month == r.month && is_era_slip(l.year, r.year) => DateRelation::EraSlip,
        (false, _) => DateRelation::Contradiction,
    }
}

fn digits(year: i16, month: u8, day: u8) -> [u8; 8] {
    let year = year.unsigned_abs();
    let low = |n: u16| u8::try_from(n % 10).unwrap_or(0);
    [low(year / 1000), low(year / 100), low(year / 10), low(year), month / 10, month % 10, day / 10, day % 10]
}

/// Year before the first of each count, and the last number of it that people write.
const COUNTS: [(i16, i16); 7] = [
    (1867, 45), // 明治
    (1911, 15), // 大正
    (1925, 64), // 昭和
    (1988, 31), // 平成
    (2018, 30), // 令和
    (1900, 99), // the two last digits of a year
    (2000, 99),
];

/// Whether the two years are one number in two counts.
fn is_era_slip(l: i16, r: i16) -> bool {
    let numbers = |year: i16| COUNTS.map(|(before, last)| Some(year - before).filter(|n| (1..=last).contains(n)));
    let (l_numbers, r_numbers) = (numbers(l), numbers(r));
    let in_two_counts = l_numbers
        .iter()
        .enumerate()
        .any(|(i, n)| n.is_some() && r_numbers.iter().enumerate().any(|(j, other)| i != j && n == other));
    // 昭和55 written as 平成55 is a year that 平成 never reached.
    in_two_counts || (l.abs_diff(r) == 63 && (1926..=1989).contains(&l.min(r)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use nayose_japanese::date::date;
    use proptest::prelude::*;

    fn relation(l: &str, r: &str) -> Option<DateRelation> {
        Some(date_relation(date(l).value?, date(r).value?))
    }

    #[test]
    fn as_named() {
        use DateRelation::*;
        for (l, r, expected) in [
            ("1980-03-04", "昭和55年3月4日", Equal),
            ("1980-03-04", "1980-03", Compatible),
            ("1980-03-04", "1980", Compatible),
            ("1980-03", "1980-03", Equal),
            ("1980-03-04", "1980-04-03", DayMonthSwapped),
            ("1980-03-04", "1980-03-05", OneDigit),
            ("1980-03-04", "1981-03-04", OneDigit),
            ("1980-03-04", "1980-08-04", OneDigit),
            ("1980-03-12", "1980-03-21", DigitsExchanged),
            ("1981-03-12", "1918-03-12", DigitsExchanged),
            ("昭和55年3月4日", "1955-03-04", EraSlip),
            ("昭和5年3月4日", "平成5年3月4日", EraSlip),
            ("大正10年3月4日", "昭和10年3月4日", EraSlip),
            ("平成5年3月4日", "令和5年3月4日", EraSlip),
            ("平成12年3月4日", "2012-03-04", EraSlip),
            ("1976-03-04", "2043-03-04", SameMonthDay),
            ("1980-03-04", "1975-03-04", SameMonthDay),
            ("1980-03-04", "1980-03-25", SameYearMonth),
            ("1980-03-04", "1980-11-25", SameYear),
            ("1980-03", "1980-11", SameYear),
            ("1980-03-04", "1991-11-25", Contradiction),
            ("1980", "1991", Contradiction),
        ] {
            assert_eq!(relation(l, r), Some(expected), "{l} {r}");
            assert_eq!(relation(r, l), Some(expected), "{r} {l}");
        }
        assert!(is_era_slip(1980, 2043));
    }

    proptest! {
        #[test]
        fn digits_tell_contradictions_only(a in 0..24_000i32, b in 0..24_000i32) {
            let day = |days: i32| {
                let day = jiff::civil::date(1950, 1, 1).saturating_add(jiff::Span::new().days(days));
                PartialDate { year: day.year(), month: Some(day.month() as u8), day: Some(day.day() as u8) }
            };
            let (l, r) = (day(a), day(b));
            if digits_contradict(whole_digits(l), whole_digits(r)) {
                prop_assert_eq!(date_relation(l, r), DateRelation::Contradiction);
            }
        }
    }

    proptest! {
        #[test]
        fn symmetric(y in 1900i16..2030, m in 1u8..=12, d in 1u8..=28, y2 in 1900i16..2030, m2 in 1u8..=12, d2 in 1u8..=28) {
            let l = PartialDate { year: y, month: Some(m), day: Some(d) };
            for r in [
                PartialDate { year: y2, month: Some(m2), day: Some(d2) },
                PartialDate { year: y2, month: Some(m), day: Some(d) },
                PartialDate { year: y, month: Some(m2), day: Some(d2) },
                PartialDate { year: y2, month: Some(m2), day: None },
            ] {
                prop_assert_eq!(date_relation(l, r), date_relation(r, l));
                prop_assert_eq!(date_relation(l, r) == DateRelation::Equal, l == r);
            }
        }
    }
}
