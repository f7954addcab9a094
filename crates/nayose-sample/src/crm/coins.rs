//! A ledger of coins, a programme beside the card's points: granted with an expiry, used oldest first, expired at the end of a month.
//!
//! The account is the card: a family that shares a card shares an account. No account is ever below zero.

use std::path::Path;

use super::super::calendar::{Day, END};
use super::super::draw::{Draw, Purpose, shuffled};
use super::super::facts::Moment;
use super::super::output::FileCounts;
use super::super::rates as chain;
use super::sheet::{Sheet, awake, stamped};
use super::{CardRecord, Customer, rates};
use crate::error::Result;

const HEADER: [&str; 7] = ["明細番号", "口座番号", "会員番号", "処理日時", "区分", "コイン", "有効期限"];
/// Movements of a card at most.
const MOST: u64 = 16;

/// The file.
pub(super) struct Coins {
    seed: u64,
    sheet: Sheet,
}

/// A movement: when, what, how many, until when.
struct Movement {
    moment: Moment,
    kind: &'static str,
    coins: i32,
    until: Option<Moment>,
}

impl Coins {
    /// Opens the file.
    pub(super) fn create(out: &Path, seed: u64) -> Result<Self> {
        Ok(Coins { seed, sheet: Sheet::create(out, "crm/points.csv", "coin movement", None, &HEADER)? })
    }

    /// Writes the movements of a customer's cards.
    pub(super) fn customer(&mut self, customer: &Customer<'_>) {
        for card in &customer.cards {
            self.card(card);
        }
    }

    fn card(&mut self, card: &CardRecord) {
        let serial = card.registration.serial;
        let mut draw = Draw::new(self.seed, Purpose::Points, serial);
        if !draw.chance(rates::COLLECTS_COINS) {
            return;
        }
        let first = card.registration.day.max(chain::FACTS_FROM);
        let mut grants = vec![draw.between(first.0, END.0)];
        while grants.len() < 4 && draw.chance(rates::NEXT_GRANT) {
            grants.push(draw.between(first.0, END.0));
        }
        let mut movements = Vec::new();
        for day in grants {
            self.grant(Day(day), &mut draw, &mut movements);
        }
        movements.retain(|movement| movement.moment.day <= END);
        movements.sort_by_key(|movement| movement.moment);
        for (place, movement) in movements.into_iter().enumerate() {
            let serial = serial * MOST + place as u64;
            let number = format!("Q{:011}", shuffled(self.seed ^ 0x8B, 100_000_000_000, serial));
            let until = movement.until.map(stamped).unwrap_or_default();
            let coins = movement.coins.to_string();
            let when = stamped(movement.moment);
            let fields = [number.as_str(), &card.card, &card.id, &when, movement.kind, &coins, &until];
            self.sheet.push(movement.moment.key(serial), &fields);
        }
    }

    /// A grant with what becomes of it: four movements at most.
    fn grant(&self, day: Day, draw: &mut Draw, out: &mut Vec<Movement>) {
        let moment = awake(day, draw);
        let mut left = 50 * draw.between(2, 20);
        let (year, month, _) = day.date();
        // The end of the month, a year later.
        let until = Moment { day: Day::of(year + 1 + month / 12, month % 12 + 1, 1).plus(-1), second: 86_399 };
        out.push(Movement { moment, kind: "付与", coins: left, until: Some(until) });
        if draw.chance(rates::ADJUSTED) {
            // A clerk took back a part that was granted in error.
            left -= 50;
            let moment = awake(day.plus(1), draw);
            out.push(Movement { moment, kind: "調整", coins: -50, until: None });
        }
        let used = awake(day.plus(draw.between(5, 300)), draw);
        let part = 50 * draw.between(1, left / 50);
        if draw.chance(rates::COINS_USED) && used < until {
            left -= part;
            out.push(Movement { moment: used, kind: "利用", coins: -part, until: None });
        }
        if left > 0 {
            out.push(Movement { moment: until, kind: "失効", coins: -left, until: None });
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
