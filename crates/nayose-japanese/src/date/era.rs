//! The eras since Meiji, and the days that belong to them.
//!
//! In: an era with its year (and month and day, as far as known). Out: the Gregorian year, and whether the era has such
//! a day. Why it matters: 昭和64年1月8日 is a mistake, and the day that was meant is a guess. Sources: the Cabinet's
//! ordinances of 1989 and 2019 for the days of change; the Gregorian calendar since Meiji 6 (1873).

/// An era (元号).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Era {
    /// 明治, 1868 to 30 July 1912.
    Meiji,
    /// 大正, 30 July 1912 to 25 December 1926.
    Taisho,
    /// 昭和, 25 December 1926 to 7 January 1989.
    Showa,
    /// 平成, 8 January 1989 to 30 April 2019.
    Heisei,
    /// 令和, since 1 May 2019.
    Reiwa,
}

/// Whether a day belongs to its era.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Within {
    /// A day of the era.
    Yes,
    /// Before the era began.
    No,
    /// After the era ended, counted on: 昭和64年1月8日, 平成31年5月1日.
    ReadOn,
    /// Meiji 1 to 5: a lunar calendar, so only the year is known.
    OldCalendar,
}

impl Era {
    /// All, oldest first; the position is one less than the code in government file formats.
    pub(super) const ALL: [Era; 5] = [Era::Meiji, Era::Taisho, Era::Showa, Era::Heisei, Era::Reiwa];

    /// The Gregorian year of the year before 元年: add the era's year to it.
    pub(super) fn offset(self) -> i16 {
        match self {
            Era::Meiji => 1867,
            Era::Taisho => 1911,
            Era::Showa => 1925,
            Era::Heisei => 1988,
            Era::Reiwa => 2018,
        }
    }

    /// First and last day, both inclusive, as (year, month, day).
    fn days(self) -> ((i16, u8, u8), (i16, u8, u8)) {
        match self {
            Era::Meiji => ((1868, 1, 25), (1912, 7, 30)),
            Era::Taisho => ((1912, 7, 30), (1926, 12, 25)),
            Era::Showa => ((1926, 12, 25), (1989, 1, 7)),
            Era::Heisei => ((1989, 1, 8), (2019, 4, 30)),
            // It has not ended: 99 years, as years have two digits.
            Era::Reiwa => ((2019, 5, 1), (2117, 12, 31)),
        }
    }

    /// Whether the day (or the month, or the year, as far as known) is in this era.
    pub(super) fn contains(self, year: i16, month: Option<u8>, day: Option<u8>) -> Within {
        let (first, last) = self.days();
        // An unknown month or day may be any.
        let earliest = (year, month.unwrap_or(1), day.unwrap_or(1));
        let latest = (year, month.unwrap_or(12), day.unwrap_or(31));
        if self == Era::Meiji && (first.0..1873).contains(&year) {
            // 明治元年1月1日 was 25 January 1868.
            Within::OldCalendar
        } else if latest < first {
            Within::No
        } else if earliest > last {
            Within::ReadOn
        } else {
            Within::Yes
        }
    }

    /// The era at the start of `text`, and its length in bytes. A letter counts only before a digit or a separator and
    /// a digit.
    pub(super) fn read(text: &str) -> Option<(Era, usize)> {
        const NAMES: [(&str, Era); 10] = [
            ("明治", Era::Meiji),
            ("大正", Era::Taisho),
            ("昭和", Era::Showa),
            ("平成", Era::Heisei),
            ("令和", Era::Reiwa),
            ("明", Era::Meiji),
            ("大", Era::Taisho),
            ("昭", Era::Showa),
            ("平", Era::Heisei),
            ("令", Era::Reiwa),
        ];
        if let Some(letter) = text.bytes().next().filter(u8::is_ascii_alphabetic) {
            let era = match letter.to_ascii_uppercase() {
                b'M' => Era::Meiji,
                b'T' => Era::Taisho,
                b'S' => Era::Showa,
                b'H' => Era::Heisei,
                b'R' => Era::Reiwa,
                _ => return None,
            };
            let after = text.get(1..)?.trim_start_matches([' ', '.', '-', '/']);
            let counts = after.starts_with(|c: char| c.is_ascii_digit() || c == '元');
            return counts.then_some((era, 1));
        }
        NAMES.iter().find(|(name, _)| text.starts_with(name)).map(|(name, era)| (*era, name.len()))
    }
}
