//! When people buy, and what.
//!
//! In: a record's days. Out: visits by the buy-till-you-leave model (each customer has a rate of their own, and leaves after
//! a waiting time), thinned by season and weekday; baskets around an errand, with favourites that are bought again.

use super::calendar::{Day, END};
use super::draw::Draw;
use super::lists::{Errand, Lists, Product};
use super::rates;

/// A moment: day and second of the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Moment {
    pub(super) day: Day,
    pub(super) second: u32,
}

impl Moment {
    /// A key that sorts moments; numbers below break ties.
    pub(super) fn key(self, serial: u64) -> u64 {
        (self.day.0 as u64) << 44 | u64::from(self.second) << 24 | (serial & 0xFF_FFFF)
    }

    /// Appends `2026/03/04 12:34:56`, with the separators of the file.
    pub(super) fn write(self, dash: &str, middle: &str, out: &mut String) {
        self.day.write(dash, out);
        out.push_str(middle);
        for (place, value) in [self.second / 3600, self.second / 60 % 60, self.second % 60].into_iter().enumerate() {
            if place > 0 {
                out.push(':');
            }
            super::calendar::digits(value, 2, out);
        }
    }

    /// Microseconds since 1970 on the shop's clock.
    pub(super) fn micros(self) -> i64 {
        (i64::from(self.day.0) * 86_400 + i64::from(self.second)) * 1_000_000
    }
}

/// Share of a month's custom that comes, January to December: gifts in December, little in February.
const SEASON: [f64; 12] = [0.74, 0.66, 0.78, 0.76, 0.78, 0.74, 0.80, 0.76, 0.74, 0.78, 0.84, 1.0];

/// A customer's custom with one channel.
pub(super) struct Custom {
    /// First and last day.
    from: Day,
    until: Day,
    /// Mean days between visits, before thinning.
    gap: f64,
    /// The errands that bring this customer.
    pub(super) errands: [usize; 3],
    favourite: u64,
}

impl Custom {
    /// The custom of somebody who registered on `registered`; `mean` visits over the whole span would be average.
    pub(super) fn draw(draw: &mut Draw, lists: &Lists, registered: Day, span_from: Day, mean: f64) -> Custom {
        let rate = draw.gamma() + 0.02;
        // A third are regulars who stay; the others drift away.
        let stays = if draw.chance(0.33) { 20_000 } else { (draw.exponential() * rates::STAYS_DAYS) as i32 };
        let from = registered.max(span_from);
        // Custom of long ago thins out before the span begins only in part: the files were cleaned of the long dormant.
        let until = registered.max(span_from.plus(-400)).plus(stays).min(END);
        let gap = f64::from(END.0 - span_from.0) / (mean * rate);
        let count = lists.errands.len() as u32;
        let errands = [0; 3].map(|_| draw.below(count) as usize);
        Custom { from, until, gap, errands, favourite: draw.bits() }
    }

    /// The same customer's custom in the quarter before the facts: none, where the customer came later or had left.
    pub(super) fn earlier(&self, registered: Day) -> Custom {
        let (from, until) = (registered.max(rates::SALES_FROM), self.until.min(rates::FACTS_FROM.plus(-1)));
        Custom { from, until, ..*self }
    }

    /// The moments of visits, oldest first, `most` of them at most.
    pub(super) fn visits(&self, draw: &mut Draw, most: usize) -> Vec<Moment> {
        let mut visits = Vec::new();
        let mut at = f64::from(self.from.0) + draw.exponential() * self.gap * draw.unit();
        while at < f64::from(self.until.0 + 1) && visits.len() < most {
            let day = Day(at as i32);
            let weekday = day.weekday();
            let likely = SEASON[(day.date().1 - 1) as usize] * if weekday == 0 || weekday == 6 { 1.0 } else { 0.74 };
            if draw.chance(likely) && day <= self.until {
                // From ten in the morning to nine in the evening.
                visits.push(Moment { day, second: 36_000 + draw.below(39_600) });
            }
            at += draw.exponential() * self.gap;
        }
        visits
    }

    /// The products of one visit.
    pub(super) fn basket<'a>(&self, draw: &mut Draw, lists: &'a Lists, out: &mut Vec<(&'a Product, u32)>) {
        out.clear();
        let errand = if draw.chance(0.85) {
            self.errands[draw.below(3) as usize]
        } else {
            draw.below(lists.errands.len() as u32) as usize
        };
        self.fill(draw, &lists.errands[errand], out);
        if draw.chance(0.18) {
            let other = draw.below(lists.errands.len() as u32) as usize;
            self.fill(draw, &lists.errands[other], out);
        }
    }

    fn fill<'a>(&self, draw: &mut Draw, errand: &'a Errand, out: &mut Vec<(&'a Product, u32)>) {
        let favourite = &errand.products[(self.favourite % errand.products.len() as u64) as usize];
        let mut product = if draw.chance(0.55) { favourite } else { errand.product(draw) };
        loop {
            if !out.iter().any(|(known, _)| known.code == product.code) {
                out.push((product, [1, 2, 3][draw.by_weight(&[80, 15, 5])]));
            }
            if out.len() >= 6 || !draw.chance(0.46) {
                return;
            }
            product = errand.product(draw);
        }
    }
}

/// The store where somebody buys: the one of the city, or the online store.
pub(super) fn store(lists: &Lists, city: usize, draw: &mut Draw) -> Option<usize> {
    match lists.cities[city].store {
        Some(store) if draw.chance(0.86) => Some(store),
        _ if draw.chance(0.12) => Some(draw.below(lists.stores.len() as u32) as usize),
        _ => None,
    }
}

/// A store's code; S900 is the online store.
pub(super) fn store_code(store: Option<usize>) -> String {
    store.map_or_else(|| "S900".to_string(), |store| format!("S{:03}", store + 1))
}

#[cfg(test)]
mod tests {
    use super::super::draw::Purpose;
    use super::*;

    #[test]
    fn custom_is_uneven_and_inside_the_span() {
        let lists = Lists::load().expect("the embedded lists parse");
        let mut counts = Vec::new();
        for index in 0..2000 {
            let mut draw = Draw::new(4, Purpose::Test, index);
            let custom = Custom::draw(&mut draw, &lists, Day::of(2023, 1, 1), rates::FACTS_FROM, 4.0);
            let visits = custom.visits(&mut draw, 60);
            assert!(visits.iter().all(|visit| visit.day >= rates::FACTS_FROM && visit.day <= END));
            counts.push(visits.len());
            let earlier = custom.earlier(Day::of(2023, 1, 1)).visits(&mut draw, 60);
            assert!(earlier.iter().all(|visit| visit.day >= rates::SALES_FROM && visit.day < rates::FACTS_FROM));
        }
        counts.sort_unstable();
        let total: usize = counts.iter().sum();
        let top: usize = counts[1600..].iter().sum();
        assert!(top * 2 > total, "the best fifth brings more than half");
    }
}
