//! What changes in a life: homes, names, numbers and mail addresses over time.
//!
//! In: a household's draws. Out: time lines, each a list of (first day, value), so that a record made or corrected on a day
//! shows what was true on that day.

use super::addresses::Address;
use super::calendar::{Day, END};
use super::contact::{Owner, Phone, mail};
use super::draw::Draw;
use super::lists::Lists;
use super::rates;

/// Values and the day from which each holds; the first holds from ever.
#[derive(Clone, Debug)]
pub(super) struct Timeline<T>(pub(super) Vec<(Day, T)>);

/// Before all days that matter.
pub(super) const EVER: Day = Day(-40_000);

impl<T> Timeline<T> {
    /// A value that never changes.
    pub(super) fn constant(value: T) -> Self {
        Timeline(vec![(EVER, value)])
    }

    /// The place in the list of the value on `day`.
    pub(super) fn index_at(&self, day: Day) -> usize {
        self.0.partition_point(|(from, _)| *from <= day).saturating_sub(1)
    }

    /// The value at a place of the list.
    pub(super) fn value(&self, index: usize) -> &T {
        &self.0[index].1
    }

    /// The value on `day`.
    pub(super) fn at(&self, day: Day) -> &T {
        self.value(self.index_at(day))
    }

    /// The value on the last day of the data.
    pub(super) fn now(&self) -> &T {
        self.at(END)
    }
}

/// A home with its landline.
#[derive(Clone, Debug)]
pub(super) struct Residence {
    pub(super) address: Address,
    pub(super) landline: Option<Phone>,
}

/// Gives each landline of the data a serial of its own: household and how many were drawn.
pub(super) struct Serials {
    pub(super) seed: u64,
    pub(super) household: u64,
    pub(super) landlines: u64,
}

/// A home found on some day by people whose oldest is `age`.
pub(super) fn residence(lists: &Lists, draw: &mut Draw, serials: &mut Serials, city: usize, age: i32) -> Residence {
    let flat = match age {
        ..=29 => 0.88,
        30..=44 => 0.58,
        _ => 0.36,
    };
    let address = Address::draw(lists, draw, city, flat);
    let share = match age {
        ..=39 => rates::LANDLINE[0],
        40..=59 => rates::LANDLINE[1],
        60..=74 => rates::LANDLINE[2],
        _ => rates::LANDLINE[3],
    };
    let landline = draw.chance(share).then(|| {
        serials.landlines += 1;
        let serial = serials.household * 16 + serials.landlines % 16;
        Phone::landline(serials.seed, address.area_code(lists), serial)
    });
    Residence { address, landline }
}

/// The homes of a household from the day it was formed to the end of the data.
pub(super) fn homes(
    lists: &Lists,
    draw: &mut Draw,
    serials: &mut Serials,
    formed: Day,
    head: Day,
) -> Timeline<Residence> {
    let mut city = lists.city(draw);
    let age = head.years_to(END);
    let mut homes = vec![(EVER, residence(lists, draw, serials, city, head.years_to(formed).clamp(18, age)))];
    let mut year = formed.max(rates::OPENED).date().0;
    while year < END.date().0 {
        let age = year - head.date().0;
        let rate = match age {
            ..=29 => rates::MOVES[0],
            30..=44 => rates::MOVES[1],
            45..=59 => rates::MOVES[2],
            _ => rates::MOVES[3],
        };
        if draw.chance(rate) {
            // Most people move within the city; most moves fall into March and April.
            if draw.chance(0.35) {
                city = lists.city(draw);
            }
            let month = if draw.chance(0.4) { draw.between(3, 4) } else { draw.between(1, 12) };
            let day = Day::of(year, month, draw.between(1, 28));
            let after = homes.last().is_none_or(|(last, _)| day > last.plus(90));
            if after && day > formed {
                homes.push((day, residence(lists, draw, serials, city, age)));
            }
        }
        year += 1;
    }
    Timeline(homes)
}

/// Mobile numbers: the first, then a new one now and then. Serials are the person's own.
pub(super) fn mobiles(draw: &mut Draw, seed: u64, person: u64, birth: Day) -> Timeline<Option<Phone>> {
    let age = birth.years_to(END);
    let share = match age {
        ..=9 => 0.0,
        10..=12 => 0.25,
        13..=17 => 0.85,
        18..=74 => rates::MOBILE[0],
        _ => rates::MOBILE[1],
    };
    if !draw.chance(share) {
        return Timeline::constant(None);
    }
    let mut serial = person * 3;
    let mut numbers = vec![(EVER, Some(Phone::mobile(seed, serial)))];
    for year in rates::OPENED.date().0.max(birth.date().0 + 13)..END.date().0 {
        if numbers.len() < 3 && draw.chance(rates::MOBILE_CHANGES) {
            serial += 1;
            let day = Day::of(year, draw.between(1, 12), draw.between(1, 28));
            numbers.push((day, Some(Phone::mobile(seed, serial))));
        }
    }
    Timeline(numbers)
}

/// Mail addresses over time; some people have none that they would give to a shop.
pub(super) fn mails(draw: &mut Draw, names: [&str; 2], birth: Day, married: Option<Day>) -> Timeline<Option<String>> {
    let age = birth.years_to(END);
    let share = match age {
        ..=12 => 0.0,
        13..=59 => rates::MAIL[0],
        60..=74 => rates::MAIL[1],
        _ => rates::MAIL[2],
    };
    if !draw.chance(share) {
        return Timeline::constant(None);
    }
    let owner = Owner { family: names[0], given: names[1], birth };
    let first = birth.date().0 + 16;
    let taken = Day::of((2004 + draw.between(0, 12)).max(first).min(END.date().0), 1, 1);
    let mut out = vec![(EVER, Some(mail(draw, &owner, taken)))];
    for year in taken.date().0.max(rates::OPENED.date().0)..END.date().0 {
        if draw.chance(rates::MAIL_CHANGES) || married.is_some_and(|day| day.date().0 == year && draw.chance(0.2)) {
            let day = Day::of(year, draw.between(1, 12), draw.between(1, 28));
            out.push((day, Some(mail(draw, &owner, day))));
        }
    }
    Timeline(out)
}
