//! Days without a clock: the number of days since 1970-01-01, and how people write them.

/// A day, as days since 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Day(pub(super) i32);

/// The last day of the data. A constant: the generator has no clock.
pub(super) const END: Day = Day::of(2026, 3, 31);

impl Day {
    /// The day of a date of the Gregorian calendar.
    pub(super) const fn of(year: i32, month: i32, day: i32) -> Day {
        let y = if month <= 2 { year - 1 } else { year };
        let era = y.div_euclid(400);
        let yoe = y.rem_euclid(400);
        let doy = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
        Day(era * 146_097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719_468)
    }

    /// Year, month and day of the month.
    pub(super) fn date(self) -> (i32, i32, i32) {
        let z = self.0 + 719_468;
        let era = z.div_euclid(146_097);
        let doe = z.rem_euclid(146_097);
        let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
        let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
        let mp = (5 * doy + 2) / 153;
        let month = if mp < 10 { mp + 3 } else { mp - 9 };
        (yoe + era * 400 + i32::from(month <= 2), month, doy - (153 * mp + 2) / 5 + 1)
    }

    /// The day `days` later.
    pub(super) fn plus(self, days: i32) -> Day {
        Day(self.0 + days)
    }

    /// Whole years from here to `later`.
    pub(super) fn years_to(self, later: Day) -> i32 {
        let ((y1, m1, d1), (y2, m2, d2)) = (self.date(), later.date());
        y2 - y1 - i32::from((m2, d2) < (m1, d1))
    }

    /// 0 for Sunday to 6 for Saturday.
    pub(super) fn weekday(self) -> i32 {
        (self.0 + 4).rem_euclid(7)
    }

    /// Appends `1980-03-04` with any separator; none if `separator` is empty.
    pub(super) fn write(self, separator: &str, out: &mut String) {
        let (year, month, day) = self.date();
        digits(year as u32, 4, out);
        out.push_str(separator);
        digits(month as u32, 2, out);
        out.push_str(separator);
        digits(day as u32, 2, out);
    }
}

/// Appends `value` with at least `width` digits.
pub(super) fn digits(value: u32, width: usize, out: &mut String) {
    let mut buffer = [b'0'; 10];
    let (mut at, mut rest) = (10, value);
    while rest > 0 || 10 - at < width {
        at -= 1;
        buffer[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    out.extend(buffer[at..].iter().map(|digit| char::from(*digit)));
}

/// An era: its name, its letter, its first day.
const ERAS: [(&str, char, Day); 4] = [
    ("令和", 'R', Day::of(2019, 5, 1)),
    ("平成", 'H', Day::of(1989, 1, 8)),
    ("昭和", 'S', Day::of(1926, 12, 25)),
    ("大正", 'T', Day::of(1912, 7, 30)),
];

/// How a clerk writes a date in the Japanese era.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EraStyle {
    /// S55.3.4
    Letter,
    /// S55.03.04
    LetterPadded,
    /// 昭和55年3月4日
    Kanji,
    /// S55/3/4
    Slash,
}

/// `day` in its era; `slip` is added to the year of the era, as a clerk who counts wrongly would.
pub(super) fn era(day: Day, style: EraStyle, slip: i32) -> String {
    let (year, month, date) = day.date();
    let (name, letter, start) = ERAS.into_iter().find(|(_, _, start)| day >= *start).unwrap_or(ERAS[3]);
    let count = (year - start.date().0 + 1 + slip).max(1);
    match style {
        EraStyle::Letter => format!("{letter}{count}.{month}.{date}"),
        EraStyle::LetterPadded => format!("{letter}{count:02}.{month:02}.{date:02}"),
        EraStyle::Kanji if count == 1 => format!("{name}元年{month}月{date}日"),
        EraStyle::Kanji => format!("{name}{count}年{month}月{date}日"),
        EraStyle::Slash => format!("{letter}{count}/{month}/{date}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_dates_agree() {
        assert_eq!(Day::of(1970, 1, 1), Day(0));
        assert_eq!(END, Day(20_543));
        for day in -20_000..25_000 {
            let (y, m, d) = Day(day).date();
            assert_eq!(Day::of(y, m, d), Day(day));
        }
        assert_eq!(END.weekday(), 2);
        assert_eq!(Day::of(1980, 4, 1).years_to(END), 45);
    }

    #[test]
    fn eras_are_written_as_clerks_do() {
        let day = Day::of(1980, 3, 4);
        assert_eq!(era(day, EraStyle::Letter, 0), "S55.3.4");
        assert_eq!(era(day, EraStyle::Kanji, 0), "昭和55年3月4日");
        assert_eq!(era(Day::of(1989, 1, 7), EraStyle::Letter, 0), "S64.1.7");
        assert_eq!(era(Day::of(2019, 5, 1), EraStyle::Kanji, 0), "令和元年5月1日");
    }
}
