//! The point card: members and transactions as Parquet, as an old card terminal's host exports them.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, Date32Array, Int32Array, Int64Array, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};

use super::addresses::{Style, write};
use super::calendar::{Day, EraStyle, era};
use super::draw::{Draw, Purpose, shuffled};
use super::errors::slip_birth;
use super::facts::{Custom, Moment, store, store_code};
use super::household::{Household, Person};
use super::lists::Lists;
use super::output::FileCounts;
use super::rates;
use super::record::{NO_PHONES, Registration, View, history, names, phone, terminal_kana, typed_mail};
use super::spelling::{half_width, old_terminal};
use super::table::{Table, column};
use crate::error::Result;

/// A member as the host exports it.
#[derive(Clone)]
struct Member {
    member_id: Option<String>,
    card_number: String,
    name_kana: Option<String>,
    name_kanji: Option<String>,
    birth: Option<String>,
    sex: Option<&'static str>,
    postal_code: Option<String>,
    address: Option<String>,
    phone: Option<String>,
    email: Option<String>,
    store_code: String,
    issued_on: Day,
    updated_on: Day,
}

#[derive(Clone)]
struct Transaction {
    key: u64,
    transaction_id: Option<String>,
    member_id: String,
    card_number: String,
    store_code: String,
    used_at: i64,
    kind: &'static str,
    amount: i64,
    points: i32,
}

/// The point card's files.
pub(super) struct PointCard<'a> {
    lists: &'a Lists,
    seed: u64,
    members: Table<Member>,
    transactions: Table<Transaction>,
}

/// A sale as it was written.
pub(super) struct Sale {
    pub(super) id: String,
    pub(super) moment: Moment,
}

/// A member's number.
pub(super) fn number(seed: u64, serial: u64) -> String {
    format!("M{:09}", shuffled(seed ^ 0x3E, 1_000_000_000, serial))
}

/// A card's number: issuer, serial, and a check digit by the Luhn rule.
pub(super) fn card_number(seed: u64, serial: u64) -> String {
    let body = format!("2937{:011}", shuffled(seed ^ 0xCA, 100_000_000_000, serial));
    let check = luhn(&body);
    format!("{body}{check}")
}

/// The check digit that follows `body`.
fn luhn(body: &str) -> u32 {
    let sum: u32 = body
        .bytes()
        .rev()
        .enumerate()
        .map(|(place, digit)| {
            let digit = u32::from(digit - b'0');
            let doubled = if place % 2 == 0 { digit * 2 } else { digit };
            doubled / 10 + doubled % 10
        })
        .sum();
    (10 - sum % 10) % 10
}

impl<'a> PointCard<'a> {
    /// Opens both files; row groups are small enough that even a small sample has several.
    pub(super) fn create(out: &Path, lists: &'a Lists, seed: u64, people: u64) -> Result<Self> {
        let group = (people / 4).clamp(500, 100_000) as usize;
        let members = Table::create(out, "pointcard/members.parquet", "member", member_schema(), group)?;
        let transactions =
            Table::create(out, "pointcard/transactions.parquet", "transaction", transaction_schema(), group * 2)?;
        Ok(PointCard { lists, seed, members, transactions })
    }

    /// Adds a member with the card used, and the transactions; tells the sales among them.
    pub(super) fn record(
        &mut self,
        household: &Household,
        person: &Person,
        registration: Registration,
        card: &str,
    ) -> Vec<Sale> {
        let mut draw = Draw::new(self.seed, Purpose::PointCard, registration.serial);
        let mut damage = Draw::new(self.seed, Purpose::Damage, registration.serial * 4 + 2);
        let id = number(self.seed, registration.serial);
        let states = history(person, &mut draw, registration.day, rates::TELLS[2]);
        let state = states.iter().rev().find(|state| state.day <= super::calendar::END).unwrap_or(&states[0]);
        let city = person.homes.at(registration.day).address.city;
        let issued_at = store_code(store(self.lists, city, &mut draw));
        let member = Member {
            member_id: Some(id.clone()),
            card_number: card.to_string(),
            store_code: issued_at,
            issued_on: registration.day,
            updated_on: state.day,
            ..self.member(&state.view(household, person), &draw)
        };
        if damage.chance(rates::DAMAGED) {
            self.members.rows.push(Member { member_id: None, ..member.clone() });
            self.members.counts.missing_id += 1;
        }
        self.members.rows.push(member);
        let custom = Custom::draw(&mut draw, self.lists, registration.day, rates::FACTS_FROM, rates::TRANSACTIONS);
        let mut sales = Vec::new();
        let visits = custom.visits(&mut draw, 127);
        // Numbers of earlier ones count down from the last that a record may have. Their draws are their own.
        let mut before = Draw::new(self.seed, Purpose::Earlier, registration.serial * 2 + 1);
        let earlier = custom.earlier(registration.day).visits(&mut before, 127 - visits.len());
        let earlier = (0..128).rev().zip(earlier).map(|place| (place, true));
        for ((place, visit), is_earlier) in earlier.chain((0..).zip(visits).map(|place| (place, false))) {
            let draw = if is_earlier { &mut before } else { &mut draw };
            let serial: u64 = registration.serial * 128 + place;
            let kind = ["sale", "redeem", "return"][draw.by_weight(&[925, 60, 15])];
            let amount = i64::from(300 + draw.below(2600) + if draw.chance(0.12) { draw.below(9000) } else { 0 });
            let (amount, points) = match kind {
                "redeem" => (0, -(draw.between(1, 10) * 100)),
                "return" => (-amount, -(amount / 100) as i32),
                _ => (amount, (amount / 100) as i32),
            };
            let id_of_use = format!("P{:011}", shuffled(self.seed ^ 0x7A, 100_000_000_000, serial));
            if kind == "sale" {
                sales.push(Sale { id: id_of_use.clone(), moment: visit });
            }
            let transaction = Transaction {
                key: visit.key(serial),
                transaction_id: Some(id_of_use),
                member_id: id.clone(),
                card_number: card.to_string(),
                store_code: store_code(store(self.lists, person.homes.at(visit.day).address.city, draw)),
                used_at: visit.micros(),
                kind,
                amount,
                points,
            };
            if damage.chance(rates::DAMAGED) {
                self.transactions.rows.push(Transaction { transaction_id: None, ..transaction.clone() });
                self.transactions.counts.missing_id += 1;
            }
            self.transactions.rows.push(transaction);
        }
        sales
    }

    fn member(&self, view: &View<'_>, record: &Draw) -> Member {
        let mut draw = record.fork(1);
        let names = names(view, &mut draw);
        // Terminals print half-width or full-width katakana; the older ones have no small kana.
        let (half, large) = (draw.chance(0.45), draw.chance(0.25));
        let space = ["", " ", "　"][draw.by_weight(&[20, 60, 20])];
        let given = if draw.chance(rates::NO_GIVEN) { "" } else { names.given_kana.as_str() };
        let kana = terminal_kana(&format!("{}{space}{given}", names.family_kana), large);
        let kana = if half { half_width(&kana) } else { kana };
        let kanji = draw.chance(rates::CARD_KANJI).then(|| {
            let geta = draw.chance(0.3);
            old_terminal(&format!("{}　{}", names.family, names.given), geta)
        });
        let mut draw = record.fork(2);
        let birth = if draw.chance(rates::DEFAULT_BIRTH) {
            Some("M33.1.1".to_string())
        } else if draw.chance(rates::NO_BIRTH[2]) {
            None
        } else {
            let day = slip_birth(view.person.birth, &mut draw);
            let slip = if draw.chance(rates::ERA_SLIP) { *draw.pick(&[-1, 1]) } else { 0 };
            Some(match draw.by_weight(&[42, 14, 26, 10, 8]) {
                0 => era(day, EraStyle::Letter, slip),
                1 => era(day, EraStyle::LetterPadded, slip),
                2 => era(day, EraStyle::Kanji, slip),
                3 => era(day, EraStyle::Slash, slip),
                _ => {
                    let mut text = String::new();
                    day.write("", &mut text);
                    text
                }
            })
        };
        let wrong = draw.chance(rates::WRONG_SEX);
        let sex = match draw.chance(rates::NO_SEX[2]) {
            true => *draw.pick(&[None, Some("9")]),
            false => Some(if view.person.female != wrong { "2" } else { "1" }),
        };
        let mut draw = record.fork(3);
        let (mut postal_code, mut address) = (None, None);
        if !draw.chance(rates::NO_ADDRESS[2]) {
            let style = Style::draw(&mut draw, 0.5);
            let written = write(&view.home.address, self.lists, style, &mut draw);
            address = Some(written.whole());
            postal_code = (!draw.chance(0.08)).then_some(written.postal);
        }
        let mut draw = record.fork(4);
        let telephone = if draw.chance(rates::DEFAULT_PHONE) {
            Some((*draw.pick(&NO_PHONES)).to_string())
        } else if draw.chance(rates::NO_PHONE[2]) {
            None
        } else {
            let number = phone(view, &mut draw, rates::GIVES_LANDLINE[1]);
            let slip = draw.chance(rates::PHONE_SLIP);
            let hyphens = draw.chance(0.3);
            let number = number.map(|number| if slip { number.slipped(&mut draw) } else { number.clone() });
            number.map(|number| if hyphens { number.hyphens() } else { number.plain().to_string() })
        };
        let email = view.mail.filter(|_| !draw.chance(rates::NO_MAIL[1])).map(|mail| typed_mail(mail, &mut draw));
        Member {
            member_id: None,
            card_number: String::new(),
            name_kana: Some(kana.trim_end().to_string()),
            name_kanji: kanji,
            birth,
            sex,
            postal_code,
            address,
            phone: telephone,
            email,
            store_code: String::new(),
            issued_on: Day(0),
            updated_on: Day(0),
        }
    }

    /// Writes the batch, in the order of numbers and of time.
    pub(super) fn flush(&mut self) -> Result<()> {
        self.members.rows.sort_by(|a, b| a.member_id.cmp(&b.member_id).then_with(|| a.card_number.cmp(&b.card_number)));
        self.members.flush(member_columns)?;
        self.transactions.rows.sort_by_key(|row| (row.key, row.transaction_id.is_none()));
        self.transactions.flush(transaction_columns)
    }

    /// Closes both files.
    pub(super) fn close(mut self) -> Result<Vec<FileCounts>> {
        self.flush()?;
        Ok(vec![self.members.close()?, self.transactions.close()?])
    }
}

fn text(name: &str) -> Field {
    Field::new(name, DataType::Utf8, true)
}

fn member_schema() -> SchemaRef {
    let mut fields: Vec<Field> = [
        "member_id",
        "card_number",
        "name_kana",
        "name_kanji",
        "birth",
        "sex",
        "postal_code",
        "address",
        "phone",
        "email",
        "store_code",
    ]
    .map(text)
    .into();
    fields.push(Field::new("issued_on", DataType::Date32, true));
    fields.push(Field::new("updated_on", DataType::Date32, true));
    Arc::new(Schema::new(fields))
}

fn transaction_schema() -> SchemaRef {
    let mut fields: Vec<Field> = ["transaction_id", "member_id", "card_number", "store_code"].map(text).into();
    fields.push(Field::new("used_at", DataType::Timestamp(TimeUnit::Microsecond, None), true));
    fields.push(text("type"));
    fields.push(Field::new("amount", DataType::Int64, true));
    fields.push(Field::new("points", DataType::Int32, true));
    Arc::new(Schema::new(fields))
}

fn member_columns(rows: &[Member]) -> Vec<ArrayRef> {
    vec![
        column(rows, |row| row.member_id.as_deref()),
        column(rows, |row| Some(&row.card_number)),
        column(rows, |row| row.name_kana.as_deref()),
        column(rows, |row| row.name_kanji.as_deref()),
        column(rows, |row| row.birth.as_deref()),
        column(rows, |row| row.sex),
        column(rows, |row| row.postal_code.as_deref()),
        column(rows, |row| row.address.as_deref()),
        column(rows, |row| row.phone.as_deref()),
        column(rows, |row| row.email.as_deref()),
        column(rows, |row| Some(&row.store_code)),
        Arc::new(rows.iter().map(|row| Some(row.issued_on.0)).collect::<Date32Array>()),
        Arc::new(rows.iter().map(|row| Some(row.updated_on.0)).collect::<Date32Array>()),
    ]
}

fn transaction_columns(rows: &[Transaction]) -> Vec<ArrayRef> {
    vec![
        column(rows, |row| row.transaction_id.as_deref()),
        column(rows, |row| Some(&row.member_id)),
        column(rows, |row| Some(&row.card_number)),
        column(rows, |row| Some(&row.store_code)),
        Arc::new(rows.iter().map(|row| Some(row.used_at)).collect::<TimestampMicrosecondArray>()),
        column(rows, |row| Some(row.kind)),
        Arc::new(rows.iter().map(|row| Some(row.amount)).collect::<Int64Array>()),
        Arc::new(rows.iter().map(|row| Some(row.points)).collect::<Int32Array>()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn card_numbers_have_a_check_digit() {
        assert_eq!(luhn("7992739871"), 3);
        let card = card_number(1, 5);
        assert_eq!(card.len(), 16);
        assert_eq!(luhn(&card[..15]).to_string(), card[15..]);
    }
}
