//! What people do with the chain beside buying: entries, events, surveys, referrals, and what is done with a contract. And the desk's
//! first replies to tickets.

use std::path::Path;

use super::super::calendar::{Day, END};
use super::super::draw::{Draw, Purpose, shuffled};
use super::super::output::FileCounts;
use super::super::rates as chain;
use super::contracts::{Contract, staff};
use super::sheet::{Sheet, after, awake, stamped};
use super::{Customer, rates};
use crate::error::Result;

const HEADER: [&str; 9] = ["受付番号", "顧客番号", "日時", "区分", "名称", "点数", "利用分", "契約番号", "担当者"];
const REPLY_HEADER: [&str; 5] = ["受付番号", "枝番", "回答日時", "担当者", "手段"];
/// What a customer of the shop does once with that chance, by the words of the file: prize draws draw most, few refer friends.
const ONCE: [(&str, f64, [&str; 2]); 6] = [
    ("応募", 0.10, ["春のプレゼント", "夏のプレゼント"]),
    ("イベント", 0.045, ["珈琲教室", "園芸教室"]),
    ("アンケート", 0.12, ["購入後アンケート", "年次アンケート"]),
    ("紹介", 0.03, ["お友だち紹介", "ご家族紹介"]),
    ("お客様の声", 0.015, ["ご意見箱", "商品レビュー"]),
    ("コミュニティ", 0.02, ["レシピ広場", "園芸広場"]),
];
/// Answers to the question of the NPS, from 0 to 10, with weights: many 7 and 8, as in Japan.
const SCORES: [u32; 11] = [2, 1, 2, 3, 4, 12, 12, 18, 22, 12, 12];
/// What companies and their advisers do, within a year, with that chance.
const WITH_COMPANIES: [(&str, f64); 4] = [("打合せ", 0.5), ("研修", 0.35), ("運用担当者", 0.6), ("お客様の声", 0.2)];
/// Rows of a shop record, and of a contract, at most.
const MOST: u64 = 32;
/// Ways in which the desk replies, with weights.
const WAYS: ([&str; 3], [u32; 3]) = (["電話", "メール", "店頭"], [52, 42, 6]);

/// The files.
pub(super) struct Engagement {
    seed: u64,
    sheet: Sheet,
    replies: Sheet,
}

impl Engagement {
    /// Opens the files.
    pub(super) fn create(out: &Path, seed: u64) -> Result<Self> {
        Ok(Engagement {
            seed,
            sheet: Sheet::create(out, "crm/engagement.csv", "engagement", None, &HEADER)?,
            replies: Sheet::create(out, "crm/ticket_replies.csv", "reply", None, &REPLY_HEADER)?,
        })
    }

    /// Writes what a customer did, and the replies to the customer's tickets.
    pub(super) fn customer(&mut self, customer: &Customer<'_>) {
        for record in &customer.shops {
            let serial = record.registration.serial;
            let mut draw = Draw::new(self.seed, Purpose::Engagement, serial * 4);
            let first = record.registration.day.max(chain::EVENTS_FROM);
            for (place, (kind, likely, names)) in ONCE.into_iter().enumerate() {
                let name = *draw.pick(&names);
                let score = if kind == "アンケート" { draw.by_weight(&SCORES).to_string() } else { String::new() };
                let moment = awake(Day(draw.between(first.0, END.0)), &mut draw);
                if !draw.chance(likely) {
                    continue;
                }
                let serial = serial * 4 * MOST + place as u64;
                let number = self.number(serial);
                let fields = [number.as_str(), &record.id, &stamped(moment), kind, name, &score, "", "", ""];
                self.sheet.push(moment.key(serial), &fields);
            }
        }
        for ticket in &customer.tickets {
            let mut draw = Draw::new(self.seed, Purpose::Reply, ticket.serial);
            // A third within the hour, the others within some days.
            let hours = if draw.chance(0.35) { draw.unit() } else { draw.exponential() * 14.0 };
            let moment = after(ticket.moment, 180 + (hours * 3600.0) as u32);
            let (staff, way) = (staff(&mut draw), WAYS.0[draw.by_weight(&WAYS.1)]);
            if draw.chance(rates::ANSWERED) && moment.day <= END {
                self.replies.push(moment.key(ticket.serial), &[&ticket.id, "1", &stamped(moment), &staff, way]);
            }
        }
    }

    /// Writes what is done with contracts: log-ins, which grow rare before an end, and what advisers do with companies.
    pub(super) fn contracts(&mut self, contracts: &[Contract]) {
        for contract in contracts {
            let mut draw = Draw::new(self.seed, Purpose::Engagement, contract.serial + 1 + (1 << 40));
            let last = contract.ended.unwrap_or(END);
            let first = contract.from.max(last.plus(-240)).max(chain::FACTS_FROM);
            if first >= last {
                continue;
            }
            let mut events = Vec::new();
            let mut day = first.plus(draw.between(0, 20));
            while day <= last && events.len() < 12 {
                let near_its_end = contract.ended.is_some() && day > last.plus(-90);
                if !near_its_end || draw.chance(0.25) {
                    events.push((day, "ログイン", draw.between(2, if contract.company { 75 } else { 25 })));
                }
                day = day.plus(draw.between(12, 60));
            }
            if contract.company {
                for (kind, likely) in WITH_COMPANIES {
                    if draw.chance(likely) {
                        events.push((Day(draw.between(first.0, last.0)), kind, 0));
                    }
                }
            }
            for (place, (day, kind, minutes)) in events.into_iter().enumerate() {
                // Beyond all serials of shop records.
                let serial = (contract.serial + (1 << 30)) * MOST + place as u64;
                let (moment, number) = (awake(day, &mut draw), self.number(serial));
                let minutes = if minutes == 0 { String::new() } else { minutes.to_string() };
                let staff = if ["打合せ", "研修"].contains(&kind) { contract.staff.as_str() } else { "" };
                let record = contract.record.as_deref().unwrap_or_default();
                let fields =
                    [number.as_str(), record, &stamped(moment), kind, "", "", &minutes, &contract.number, staff];
                self.sheet.push(moment.key(serial), &fields);
            }
        }
    }

    fn number(&self, serial: u64) -> String {
        format!("E{:012}", shuffled(self.seed ^ 0x41, 1_000_000_000_000, serial))
    }

    /// Writes the batch.
    pub(super) fn flush(&mut self) -> Result<()> {
        self.sheet.flush()?;
        self.replies.flush()
    }

    /// Closes the files.
    pub(super) fn close(self) -> Result<Vec<FileCounts>> {
        Ok(vec![self.sheet.close()?, self.replies.close()?])
    }
}
