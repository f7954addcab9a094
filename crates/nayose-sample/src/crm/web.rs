//! Visits to the web site by visitor id (a cookie): who it is, is known from a log-in on. A couple may share a tablet, and with it one
//! visitor id; others look and never log in.

use std::path::Path;

use serde::Serialize;

use super::super::app::stamp;
use super::super::calendar::{Day, END};
use super::super::draw::{Draw, Purpose, shuffled};
use super::super::facts::Moment;
use super::super::household::PLACES;
use super::super::lists::Lists;
use super::super::output::{FileCounts, Rows};
use super::super::rates as chain;
use super::sheet::{after, awake, paths, period};
use super::{AppRecord, Customer, rates};
use crate::error::Result;

/// Where visits come from, with weights; those that are paid have the names of `media_spend.csv`.
const MEDIA: ([&str; 6], [u32; 6]) =
    (["検索", "検索広告", "SNS広告", "直接", "メール", "アフィリエイト"], [30, 18, 12, 24, 10, 6]);
/// Files of a quarter each.
const FILES: (i32, i32) = (3, 4);
/// Visits of a visitor id, and ids of a source of them: a registration, or a household.
const MOST_VISITS: u64 = 16;

#[derive(Serialize)]
struct Hit<'a> {
    event_id: &'a str,
    visitor_id: &'a str,
    visit_id: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    occurred_at: String,
    user_id: Option<&'a str>,
    product_code: Option<&'static str>,
    medium: &'static str,
}

/// The files.
pub(super) struct Web {
    seed: u64,
    products: Vec<&'static str>,
    files: Vec<Rows>,
}

/// Who visits: a serial of its own, and the visitor id.
struct Visitor {
    serial: u64,
    id: String,
}

impl Web {
    /// Opens the files.
    pub(super) fn create(out: &Path, lists: &Lists, seed: u64) -> Result<Self> {
        let paths = paths("web", "jsonl.gz", chain::EVENTS_FROM, FILES.0, FILES.1);
        let products = lists.errands.iter().flat_map(|errand| errand.products.iter().map(|product| product.code));
        Ok(Web {
            seed,
            products: products.collect(),
            files: paths.iter().map(|path| Rows::gzip(out, path, "web hit")).collect::<Result<_>>()?,
        })
    }

    /// Writes the visits of a household's members, and of one who only looks.
    pub(super) fn household(&mut self, number: u64, customers: &[Customer<'_>]) -> Result<()> {
        for customer in customers {
            let spouse = customers.iter().find(|other| Some(other.place) == customer.spouse);
            let spouse = spouse.and_then(|spouse| spouse.apps.first());
            for record in &customer.apps {
                self.record(record, spouse)?;
            }
        }
        // Beyond all serials of records, which are below twice the places of all households.
        let serial = number * PLACES * 2 + PLACES * 2 - 2;
        let mut draw = Draw::new(self.seed, Purpose::Web, serial).fork(1);
        if draw.chance(rates::LOOKS_ONLY) {
            let visitor = self.visitor(serial * 2);
            let first = draw.between(chain::EVENTS_FROM.0, END.0);
            for place in 0..=u64::from(draw.below(3)) {
                let day = Day(first).plus(place as i32 * draw.between(1, 40));
                self.visit(&visitor, place, day, &[], &mut draw)?;
            }
        }
        Ok(())
    }

    fn record(&mut self, record: &AppRecord, spouse: Option<&AppRecord>) -> Result<()> {
        let serial = record.registration.serial;
        let mut draw = Draw::new(self.seed, Purpose::Web, serial);
        if !draw.chance(rates::ON_THE_WEB) {
            return Ok(());
        }
        // Some look around for weeks before they register.
        let first = record.registration.day.plus(-draw.between(0, 45)).max(chain::EVENTS_FROM);
        let mut days = vec![draw.between(first.0, END.0)];
        while days.len() < 8 && draw.chance(rates::NEXT_VISIT) {
            days.push(draw.between(first.0, END.0));
        }
        days.sort_unstable();
        let second = draw.chance(rates::SECOND_VISITOR).then(|| draw.between(first.0, END.0));
        let shared = spouse.filter(|_| draw.chance(rates::SHARED_DEVICE));
        for (place, day) in days.into_iter().enumerate() {
            let visitor = self.visitor(serial * 2 + u64::from(second.is_some_and(|from| day >= from)));
            let mut users = Vec::new();
            if draw.chance(rates::LOGS_IN) && Day(day) > record.registration.day {
                users.push(record.id.as_str());
            }
            self.visit(&visitor, place as u64, Day(day), &users, &mut draw)?;
        }
        if let Some(spouse) = shared {
            // Both log in, one after the other, in one visit; then the spouse alone on another day.
            let from = record.registration.day.max(spouse.registration.day).max(chain::EVENTS_FROM).0 + 1;
            let visitor = self.visitor(serial * 2);
            for (place, users) in [(8, vec![record.id.as_str(), &spouse.id]), (9, vec![spouse.id.as_str()])] {
                self.visit(&visitor, place, Day(draw.between(from, END.0)), &users, &mut draw)?;
            }
        }
        Ok(())
    }

    fn visitor(&self, serial: u64) -> Visitor {
        Visitor { serial, id: format!("v{:012x}", shuffled(self.seed ^ 0x1D, 1 << 48, serial)) }
    }

    /// Writes a visit, in which `users` log in.
    fn visit(&mut self, visitor: &Visitor, place: u64, day: Day, users: &[&str], draw: &mut Draw) -> Result<()> {
        if day > END {
            return Ok(());
        }
        let serial = visitor.serial * MOST_VISITS + place;
        let visit = format!("w{:012x}", shuffled(self.seed ^ 0x77, 1 << 48, serial));
        let medium = MEDIA.0[draw.by_weight(&MEDIA.1)];
        let start = awake(day, draw);
        let mut hits: Vec<(&'static str, Moment, Option<&str>, Option<&'static str>)> =
            vec![("visit", start, None, None)];
        let mut product = *draw.pick(&self.products);
        let mut seconds = 0;
        for (view, likely) in rates::VIEWS.into_iter().enumerate() {
            if draw.chance(likely) {
                product = if view == 0 { product } else { *draw.pick(&self.products) };
                seconds += 10 + draw.below(90);
                hits.push(("view", after(start, seconds), None, Some(product)));
            }
        }
        if draw.chance(rates::CARTS) {
            seconds += 5 + draw.below(60);
            hits.push(("cart", after(start, seconds), None, Some(product)));
        }
        for user in users.iter().copied() {
            seconds += 20 + draw.below(200);
            hits.push(("login", after(start, seconds), Some(user), None));
        }
        let mut damage = draw.fork(40 + place);
        for (at, (kind, moment, user_id, product_code)) in hits.into_iter().enumerate() {
            let hit = Hit {
                event_id: &format!("{visit}-{at}"),
                visitor_id: &visitor.id,
                visit_id: &visit,
                kind,
                occurred_at: stamp(moment),
                user_id,
                product_code,
                medium,
            };
            let row = serde_json::to_vec(&hit)?;
            let file = period(moment.day, chain::EVENTS_FROM, FILES.0, FILES.1);
            self.files[file].push(moment.key(serial * 8 + at as u64), &row, &mut damage);
        }
        Ok(())
    }

    /// Writes the batch.
    pub(super) fn flush(&mut self) -> Result<()> {
        self.files.iter_mut().try_for_each(Rows::flush)
    }

    /// Closes the files.
    pub(super) fn close(self) -> Result<Vec<FileCounts>> {
        self.files.into_iter().map(Rows::close).collect()
    }
}
