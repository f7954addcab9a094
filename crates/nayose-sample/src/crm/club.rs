//! The shop's club: who joined, which rank the custom of half a year gave, who left and why.

use std::path::Path;
use std::rc::Rc;

use super::super::calendar::{Day, END};
use super::super::cp932::Cp932;
use super::super::draw::{Draw, Purpose};
use super::super::facts::Moment;
use super::super::output::FileCounts;
use super::super::rates as chain;
use super::sheet::{Sheet, awake, stamped};
use super::{Customer, ShopRecord, rates};
use crate::error::Result;

const HEADER: [&str; 6] = ["顧客番号", "枝番", "処理日時", "区分", "ランク", "理由"];
/// Ranks are given anew on these days, by the half year before.
const RANKED: [Day; 3] = [Day::of(2024, 10, 1), Day::of(2025, 4, 1), Day::of(2025, 10, 1)];
const LOWEST: &str = "レギュラー";
/// Why people leave, with weights; one in eight says nothing.
const REASONS: ([&str; 6], [u32; 6]) =
    (["利用しなくなった", "引越し", "メールが多い", "特典に魅力がない", "個人情報が心配", ""], [34, 16, 14, 14, 9, 13]);

/// The file.
pub(super) struct Club {
    seed: u64,
    sheet: Sheet,
}

impl Club {
    /// Opens the file.
    pub(super) fn create(out: &Path, seed: u64, cp932: &Rc<Cp932>) -> Result<Self> {
        Ok(Club { seed, sheet: Sheet::create(out, "crm/memberships.csv", "membership event", Some(cp932), &HEADER)? })
    }

    /// Writes the memberships of a customer's shop records.
    pub(super) fn customer(&mut self, customer: &Customer<'_>) {
        for record in &customer.shops {
            self.record(record);
        }
    }

    fn record(&mut self, record: &ShopRecord<'_>) {
        let serial = record.registration.serial;
        let mut draw = Draw::new(self.seed, Purpose::Loyalty, serial);
        if !draw.chance(rates::IN_CLUB) {
            return;
        }
        let joined = record.registration.day.plus(draw.between(0, 60));
        if joined >= END {
            return;
        }
        let mut events = vec![(awake(joined, &mut draw), "入会", LOWEST, "")];
        let leaves = draw.chance(rates::LEFT_CLUB);
        let first = joined.max(chain::FACTS_FROM).plus(1);
        let left = Day(draw.between(first.0, END.0));
        let mut rank = LOWEST;
        for day in RANKED.into_iter().filter(|day| *day > joined && (!leaves || *day < left)) {
            let now = rank_on(record, day);
            if now != rank {
                // By the night's batch.
                events.push((Moment { day, second: 10_800 }, "ランク変更", now, ""));
                rank = now;
            }
        }
        if leaves {
            let reason = REASONS.0[draw.by_weight(&REASONS.1)];
            events.push((awake(left, &mut draw), "退会", "", reason));
        }
        for (branch, (moment, kind, rank, reason)) in events.into_iter().enumerate() {
            let branch = (branch + 1).to_string();
            self.sheet.push(moment.key(serial), &[&record.id, &branch, &stamped(moment), kind, rank, reason]);
        }
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

/// The rank that the custom of the half year before `day` gives.
fn rank_on(record: &ShopRecord<'_>, day: Day) -> &'static str {
    let (year, month, date) = day.date();
    let from = if month > 6 { Day::of(year, month - 6, date) } else { Day::of(year - 1, month + 6, date) };
    let bought = record.orders.iter().filter(|order| order.moment.day >= from && order.moment.day < day);
    let yen: u32 = bought.map(super::super::shop::Order::total).sum();
    rates::RANKS.iter().find(|(_, least)| yen >= *least).map_or(LOWEST, |(rank, _)| rank)
}
