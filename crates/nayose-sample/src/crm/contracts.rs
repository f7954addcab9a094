//! Contracts with a monthly fee: of persons (定期便) and of companies, which are known by their 法人番号.

use std::path::Path;
use std::rc::Rc;

use super::super::calendar::{Day, END};
use super::super::cp932::Cp932;
use super::super::draw::{Draw, Purpose, shuffled};
use super::super::facts::Moment;
use super::super::output::FileCounts;
use super::sheet::{Sheet, stamped, written};
use super::{Customer, rates};
use crate::error::Result;

const HEADER: [&str; 11] = [
    "契約番号",
    "枝番",
    "契約者区分",
    "顧客番号",
    "法人番号",
    "区分",
    "処理日時",
    "月額",
    "契約満了日",
    "理由",
    "担当者",
];
/// Monthly fees of persons, with weights: four sizes of a box.
const FEES: ([u32; 4], [u32; 4]) = ([980, 1980, 2980, 4980], [40, 35, 18, 7]);
/// Those of companies, likewise.
const COMPANY_FEES: ([u32; 4], [u32; 4]) = ([9_800, 19_800, 39_800, 98_000], [45, 30, 18, 7]);
/// Why a contract ended, with weights.
const REASONS: ([&str; 6], [u32; 6]) =
    (["価格", "利用頻度の低下", "商品への不満", "他社への切替", "引越し", "その他"], [30, 28, 14, 12, 8, 8]);

/// A contract as it was written.
pub(super) struct Contract {
    /// A serial of its own.
    pub(super) serial: u64,
    pub(super) number: String,
    /// The shop record of whoever made it; none of a company whose contact is no customer.
    pub(super) record: Option<String>,
    pub(super) company: bool,
    pub(super) staff: String,
    pub(super) from: Day,
    /// Its last day, where it has ended.
    pub(super) ended: Option<Day>,
}

/// The file.
pub(super) struct Contracts {
    seed: u64,
    sheet: Sheet,
}

/// A corporate number: 13 digits, the first a check digit. The twelve after it begin with 9999, which is no registry office's number: no
/// company has it.
fn corporate_number(seed: u64, household: u64) -> String {
    let body = format!("9999{:08}", shuffled(seed ^ 0xC7, 100_000_000, household));
    format!("{}{body}", check_digit(&body))
}

/// The check digit of a 法人番号: 9 less the remainder by 9 of the digits' sum, from the right times 1 and 2 in turn (省令 of the number).
fn check_digit(body: &str) -> u32 {
    let sum: u32 = body
        .bytes()
        .rev()
        .enumerate()
        .map(|(place, digit)| u32::from(digit - b'0') * if place % 2 == 0 { 1 } else { 2 })
        .sum();
    9 - sum % 9
}

/// A member of staff, as a code: nobody is named.
pub(super) fn staff(draw: &mut Draw) -> String {
    format!("担当{:02}", 1 + draw.below(12))
}

impl Contracts {
    /// Opens the file.
    pub(super) fn create(out: &Path, seed: u64, cp932: &Rc<Cp932>) -> Result<Self> {
        Ok(Contracts { seed, sheet: Sheet::create(out, "crm/contracts.csv", "contract event", Some(cp932), &HEADER)? })
    }

    /// Writes the contracts of a household's members, and of the company for which one of them orders; tells them.
    pub(super) fn household(&mut self, number: u64, customers: &[Customer<'_>]) -> Vec<Contract> {
        let mut contracts = Vec::new();
        for record in customers.iter().flat_map(|customer| &customer.shops) {
            let serial = record.registration.serial * 4;
            let mut draw = Draw::new(self.seed, Purpose::Contract, serial);
            if draw.chance(rates::CONTRACT) {
                let first = record.registration.day;
                contracts.extend(self.contract(serial, Some(&record.id), None, first, &mut draw));
            }
        }
        // The last place of a household is nobody's: its serials are free.
        let serial = (number * 16 + 15) * 4;
        let mut draw = Draw::new(self.seed, Purpose::Contract, serial);
        if draw.chance(rates::COMPANY) {
            let corporate = corporate_number(self.seed, number);
            let mut contacts = customers.iter().flat_map(|customer| &customer.shops);
            let contact = contacts.next().filter(|_| draw.chance(0.75));
            let first = contact.map_or(rates::CONTRACTS_FROM, |record| record.registration.day);
            // A contract for each department, three at most.
            for department in 0..=u64::from([0u32, 1, 2][draw.by_weight(&[65, 25, 10])]) {
                let id = contact.map(|record| record.id.as_str());
                contracts.extend(self.contract(serial + department, id, Some(&corporate), first, &mut draw));
            }
        }
        contracts
    }

    fn contract(
        &mut self,
        serial: u64,
        record: Option<&str>,
        corporate: Option<&str>,
        first: Day,
        draw: &mut Draw,
    ) -> Option<Contract> {
        let first = first.max(rates::CONTRACTS_FROM);
        // Not in the last month: what began yesterday says nothing.
        if first > END.plus(-30) {
            return None;
        }
        let number = format!("K{:010}", shuffled(self.seed ^ 0x2F, 10_000_000_000, serial));
        let fees = if corporate.is_some() { &COMPANY_FEES } else { &FEES };
        let from = Day(draw.between(first.0, END.0 - 30));
        let staff = staff(draw);
        let size = draw.by_weight(&fees.1);
        let mut events = vec![("開始", from, fees.0[size], "")];
        let change = from.plus(draw.between(60, 500));
        let changes = draw.chance(rates::FEE_CHANGES);
        let mut end = from.plus(draw.between(45, 900));
        let ends = draw.chance(rates::ENDS);
        // To the next smaller or larger size.
        let other = if size == 0 || (size < 3 && draw.chance(0.5)) { size + 1 } else { size - 1 };
        if changes && change <= END {
            events.push(("変更", change, fees.0[other], ""));
            end = end.max(change.plus(30));
        }
        let reason = if draw.chance(rates::END_REASON) { REASONS.0[draw.by_weight(&REASONS.1)] } else { "" };
        let ended = (ends && end <= END).then_some(end);
        if let Some(day) = ended {
            events.push(("終了", day, 0, reason));
        }
        for (branch, (kind, day, fee, reason)) in events.into_iter().enumerate() {
            let moment = Moment { day, second: 34_200 + draw.below(28_800) };
            let (year, month, date) = day.date();
            // A year's term, renewed by itself; of 29 February until 28 February.
            let term = written(if (month, date) == (2, 29) {
                Day::of(year + 1, 2, 28)
            } else {
                Day::of(year + 1, month, date)
            });
            let fields = [
                number.as_str(),
                &(branch + 1).to_string(),
                if corporate.is_some() { "法人" } else { "個人" },
                record.unwrap_or_default(),
                corporate.unwrap_or_default(),
                kind,
                &stamped(moment),
                &fee.to_string(),
                if kind == "終了" { "" } else { &term },
                reason,
                &staff,
            ];
            self.sheet.push(moment.key(serial), &fields);
        }
        let record = record.map(str::to_string);
        Some(Contract { serial, number, record, company: corporate.is_some(), staff, from, ended })
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the National Tax Agency's page on the check digit, and its own number.
    #[test]
    fn corporate_numbers_have_the_tax_agencys_check_digit() {
        assert_eq!(check_digit("700110005901"), 8);
        assert_eq!(check_digit("000012050002"), 7);
        let number = corporate_number(5, 9);
        assert_eq!((number.len(), &number[1..5]), (13, "9999"));
    }
}
