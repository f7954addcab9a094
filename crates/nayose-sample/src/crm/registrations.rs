//! Products registered for their guarantee, by 品番 and 製造番号; some are registered again by a later owner.

use std::path::Path;
use std::rc::Rc;

use super::super::calendar::{Day, END};
use super::super::cp932::Cp932;
use super::super::draw::{Draw, Purpose, shuffled};
use super::super::lists::{Lists, Product};
use super::super::output::FileCounts;
use super::super::rates as chain;
use super::sheet::{Sheet, awake, stamped, written};
use super::{Customer, rates};
use crate::error::Result;

const HEADER: [&str; 7] = ["登録番号", "登録日時", "顧客番号", "品番", "商品名", "製造番号", "購入日"];
/// Durables: what has a guarantee.
const DURABLES: [&str; 4] = ["1008", "2201", "2202", "2203"];

/// A thing that will have another owner.
struct Handed {
    code: &'static str,
    name: &'static str,
    number: String,
    bought: Day,
    registered: Day,
}

/// The file.
pub(super) struct Registrations {
    seed: u64,
    durables: Vec<(&'static str, &'static str)>,
    sheet: Sheet,
    handed: Vec<Handed>,
}

impl Registrations {
    /// Opens the file.
    pub(super) fn create(out: &Path, lists: &Lists, seed: u64, cp932: &Rc<Cp932>) -> Result<Self> {
        let products = lists.errands.iter().flat_map(|errand| &errand.products);
        let durables = products.filter(|product| is_durable(product)).map(|product| (product.code, product.name));
        Ok(Registrations {
            seed,
            durables: durables.collect(),
            sheet: Sheet::create(out, "crm/registrations.csv", "registration", Some(cp932), &HEADER)?,
            handed: Vec::new(),
        })
    }

    /// Writes what the members of a household registered. What they give away waits for the next who has a shop record: a member of
    /// the household, or somebody of one that comes after.
    pub(super) fn household(&mut self, customers: &[Customer<'_>]) {
        for record in customers.iter().flat_map(|customer| &customer.shops) {
            let serial = record.registration.serial;
            let mut draw = Draw::new(self.seed, Purpose::Registration, serial);
            let since = record.registration.day;
            if let Some(handed) = self.handed.pop() {
                let first = handed.registered.max(since).0 + 30;
                if first < END.0 {
                    let day = Day(draw.between(first, END.0));
                    self.write(serial * 16 + 15, &record.id, handed, day, &mut draw);
                }
            }
            let mut things = Vec::new();
            for order in &record.orders {
                for (product, _) in order.lines.iter().filter(|(product, _)| is_durable(product)) {
                    if draw.chance(rates::REGISTERED) {
                        things.push((product.code, product.name, order.moment.day, draw.between(0, 21)));
                    }
                }
            }
            if draw.chance(rates::BOUGHT_ELSEWHERE) && since < END.plus(-60) {
                let (code, name) = *draw.pick(&self.durables);
                let registered = draw.between(since.max(chain::FACTS_FROM).0, END.0);
                let days = draw.between(0, 60);
                things.push((code, name, Day(registered - days), days));
            }
            for (place, (code, name, bought, days)) in things.into_iter().take(15).enumerate() {
                let serial = serial * 16 + place as u64;
                let (year, month, _) = bought.date();
                let made = shuffled(self.seed ^ 0x9C, 10_000_000_000, serial);
                // Product, year and month, a number of its own.
                let number = format!("{code}-{:02}{month:02}-{made:010}", year % 100);
                let registered = bought.plus(days);
                if registered > END {
                    continue;
                }
                let thing = Handed { code, name, number, bought, registered };
                let again = draw.chance(rates::NEXT_OWNER);
                let copy = again.then(|| Handed { number: thing.number.clone(), ..thing });
                self.write(serial, &record.id, thing, registered, &mut draw);
                self.handed.extend(copy);
            }
        }
    }

    fn write(&mut self, serial: u64, id: &str, thing: Handed, day: Day, draw: &mut Draw) {
        let moment = awake(day, draw);
        let number = format!("G{:010}", shuffled(self.seed ^ 0x6E, 10_000_000_000, serial));
        // A later owner knows when the thing was first sold from its guarantee card.
        let bought = written(thing.bought);
        let fields = [number.as_str(), &stamped(moment), id, thing.code, thing.name, &thing.number, &bought];
        self.sheet.push(moment.key(serial), &fields);
    }

    /// Writes the batch.
    pub(super) fn flush(&mut self) -> Result<()> {
        self.sheet.flush()
    }

    /// Closes the file.
    pub(super) fn close(self) -> Result<Vec<FileCounts>> {
        Ok(vec![self.sheet.close()?])
    }
}

fn is_durable(product: &Product) -> bool {
    DURABLES.contains(&product.code)
}
