//! The app: users and events as gzipped JSON lines in UTF-8 with English keys.

use std::path::Path;

use serde::Serialize;

use super::addresses::{Style, write};
use super::calendar::{Day, END};
use super::consent::Consent;
use super::contact::PhoneStyle;
use super::draw::{Draw, Purpose, shuffled};
use super::errors::slip_birth;
use super::facts::{Custom, Moment, store, store_code};
use super::household::{Household, Person};
use super::lists::Lists;
use super::output::{FileCounts, Rows};
use super::rates;
use super::record::{Registration, View, history, names, phone};
use super::spelling::{hiragana, roman};
use crate::error::Result;

/// A user as the app exports it; what the user did not fill in is null.
#[derive(Serialize)]
struct User<'a> {
    user_id: &'a str,
    family_name: Option<String>,
    given_name: Option<String>,
    family_name_kana: Option<String>,
    given_name_kana: Option<String>,
    email: Option<String>,
    phone: Option<String>,
    birthday: Option<String>,
    gender: Option<&'static str>,
    postal_code: Option<String>,
    prefecture: Option<&'static str>,
    city: Option<&'static str>,
    address_line1: Option<String>,
    address_line2: Option<String>,
    card_number: Option<&'a str>,
    device: Device,
    push_enabled: bool,
    mail_magazine: Option<bool>,
    mail_magazine_at: Option<String>,
    created_at: String,
    updated_at: String,
}

#[derive(Serialize)]
struct Device {
    os: &'static str,
    model: &'static str,
    app_version: &'static str,
}

#[derive(Serialize)]
struct Event<'a> {
    event_id: &'a str,
    user_id: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    occurred_at: String,
    store_code: Option<String>,
    product_code: Option<&'static str>,
    quantity: Option<u32>,
    amount: Option<u32>,
}

/// The app's files.
pub(super) struct App<'a> {
    lists: &'a Lists,
    seed: u64,
    users: Vec<Rows>,
    events: Vec<Rows>,
}

/// An app user's number.
pub(super) fn number(seed: u64, serial: u64) -> String {
    format!("u{:010x}", shuffled(seed ^ 0xA9, 1 << 40, serial))
}

impl<'a> App<'a> {
    /// Opens all files.
    pub(super) fn create(out: &Path, lists: &'a Lists, seed: u64) -> Result<Self> {
        let mut users = Vec::new();
        for day in rates::APP_EXPORTS {
            let mut path = "app/users_".to_string();
            day.write("", &mut path);
            path.push_str(".jsonl.gz");
            users.push(Rows::gzip(out, &path, "user")?);
        }
        let mut events = Vec::new();
        let (year, first, _) = rates::EVENTS_FROM.date();
        for month in 0..12 {
            let at = first - 1 + month;
            events.push(Rows::gzip(
                out,
                &format!("app/events_{}{:02}.jsonl.gz", year + at / 12, at % 12 + 1),
                "event",
            )?);
        }
        Ok(App { lists, seed, users, events })
    }

    /// Writes a user in all states that the exports saw, and the events; `card` is the linked card. Tells whether the user takes push
    /// messages.
    pub(super) fn record(
        &mut self,
        household: &Household,
        person: &Person,
        registration: Registration,
        card: Option<&str>,
    ) -> Result<bool> {
        let mut draw = Draw::new(self.seed, Purpose::App, registration.serial);
        let mut damage = Draw::new(self.seed, Purpose::Damage, registration.serial * 4 + 1);
        let id = number(self.seed, registration.serial);
        let states = history(person, &mut draw, registration.day, rates::TELLS[1]);
        let second = 25_000 + draw.below(60_000);
        let mail = Consent::to_mail(self.seed, 1, registration);
        let (mut before, mut push): (Option<Day>, bool) = (None, false);
        for (place, export) in rates::APP_EXPORTS.into_iter().enumerate() {
            let Some(state) = states.iter().rev().find(|state| state.day <= export) else { continue };
            if before.is_some_and(|before| state.day <= before) {
                continue;
            }
            let mut user =
                self.user(&id, &state.view(household, person), [registration.day, state.day], second, card, &draw);
            if let Some((day, wants)) = mail.on(export) {
                user.mail_magazine = Some(wants);
                user.mail_magazine_at = Some(stamp(Moment { day, second }));
            }
            push = user.push_enabled;
            let row = serde_json::to_vec(&user)?;
            self.users[place].push(shuffled(self.seed ^ 0xA9, 1 << 40, registration.serial), &row, &mut damage);
            before = Some(export);
        }
        self.events_of(&id, person, registration, &mut draw, &mut damage)?;
        Ok(push)
    }

    fn user<'b>(
        &self,
        id: &'b str,
        view: &View<'_>,
        days: [Day; 2],
        second: u32,
        card: Option<&'b str>,
        record: &Draw,
    ) -> User<'b> {
        let [family_name, given_name, family_name_kana, given_name_kana] = self.name(view, &mut record.fork(1));
        let mut draw = record.fork(2);
        let mut user = User {
            user_id: id,
            family_name,
            given_name,
            family_name_kana,
            given_name_kana,
            email: view.mail.map(str::to_string),
            phone: None,
            birthday: None,
            gender: None,
            postal_code: None,
            prefecture: None,
            city: None,
            address_line1: None,
            address_line2: None,
            card_number: card,
            device: device(&mut draw),
            push_enabled: draw.chance(0.6),
            mail_magazine: None,
            mail_magazine_at: None,
            created_at: stamp(Moment { day: days[0], second }),
            updated_at: stamp(Moment { day: days[1], second }),
        };
        if !draw.chance(rates::NO_PHONE[1]) {
            let number = phone(view, &mut draw, 0.03);
            let slip = draw.chance(rates::PHONE_SLIP);
            let number = number.map(|number| if slip { number.slipped(&mut draw) } else { number.clone() });
            // Most were checked by a short message and are international; older accounts keep what was typed.
            let typed = draw.chance(0.08);
            user.phone =
                number.map(|number| if typed { number.written(PhoneStyle::Plain) } else { number.international() });
        }
        let mut draw = record.fork(3);
        if !draw.chance(rates::NO_BIRTH[1]) {
            let mut text = String::new();
            slip_birth(view.person.birth, &mut draw).write("-", &mut text);
            user.birthday = Some(text);
        }
        if !draw.chance(rates::NO_SEX[1]) {
            user.gender = Some(match (view.person.female, draw.chance(0.01)) {
                (_, true) => "other",
                (true, _) => "female",
                (false, _) => "male",
            });
        }
        let mut draw = record.fork(4);
        if !draw.chance(rates::NO_ADDRESS[1]) {
            let style = Style::draw(&mut draw, 0.10);
            let written = write(&view.home.address, self.lists, style, &mut draw);
            user.postal_code = Some(written.postal);
            user.prefecture = Some(written.prefecture);
            user.city = Some(written.city);
            // One in eight stops at the town: enough for the nearest store.
            if !draw.chance(0.12) {
                user.address_line1 = Some(written.street);
                user.address_line2 = Some(written.building).filter(|building| !building.is_empty());
            }
        }
        user
    }

    fn name(&self, view: &View<'_>, draw: &mut Draw) -> [Option<String>; 4] {
        let names = names(view, draw);
        if draw.chance(rates::ROMAN) {
            let long = draw.chance(0.3);
            let (family, given) = (roman(view.family.kana, long), roman(view.person.given_kana, long));
            let case = |text: &str| text[..1.min(text.len())].to_uppercase() + &text[1.min(text.len())..];
            return [Some(case(&family)), Some(case(&given)), None, None];
        }
        if draw.chance(0.02) {
            // Only a nickname, in the field for the given name.
            let short: String = names.given_kana.chars().take(2).collect();
            return [None, Some(hiragana(&short)), None, None];
        }
        let hidden = draw.chance(0.35);
        let kana = |kana: String, hira: bool| (!hidden).then(|| if hira { hiragana(&kana) } else { kana });
        let hira = draw.chance(0.10);
        let mut all =
            [Some(names.family), Some(names.given), kana(names.family_kana, hira), kana(names.given_kana, hira)];
        if draw.chance(rates::SWAPPED) {
            all.swap(0, 1);
            all.swap(2, 3);
        }
        all
    }

    fn events_of(
        &mut self,
        id: &str,
        person: &Person,
        registration: Registration,
        draw: &mut Draw,
        damage: &mut Draw,
    ) -> Result<()> {
        let custom = Custom::draw(draw, self.lists, registration.day, rates::EVENTS_FROM, rates::EVENTS);
        let mut basket = Vec::new();
        for (place, visit) in custom.visits(draw, 127).into_iter().enumerate() {
            let serial = registration.serial * 128 + place as u64;
            let event_id = format!("e{:011x}", shuffled(self.seed ^ 0xE7, 1 << 44, serial));
            let kind = ["app_open", "product_view", "coupon_use", "purchase", "favorite"]
                [draw.by_weight(&[34, 30, 13, 17, 6])];
            custom.basket(draw, self.lists, &mut basket);
            let product = basket.first().filter(|_| kind != "app_open");
            let bought = product.filter(|_| kind == "purchase");
            let city = person.homes.at(visit.day).address.city;
            let event = Event {
                event_id: &event_id,
                user_id: id,
                kind,
                occurred_at: stamp(visit),
                store_code: (kind == "coupon_use").then(|| store_code(store(self.lists, city, draw))),
                product_code: product.map(|(product, _)| product.code),
                quantity: bought.map(|(_, quantity)| *quantity),
                amount: bought.map(|(product, quantity)| product.price * quantity),
            };
            let row = serde_json::to_vec(&event)?;
            let ((y1, m1, _), (y2, m2, _)) = (rates::EVENTS_FROM.date(), visit.day.min(END).date());
            self.events[((y2 - y1) * 12 + m2 - m1).clamp(0, 11) as usize].push(visit.key(serial), &row, damage);
        }
        Ok(())
    }

    /// Writes the batch.
    pub(super) fn flush(&mut self) -> Result<()> {
        self.users.iter_mut().chain(&mut self.events).try_for_each(Rows::flush)
    }

    /// Closes all files.
    pub(super) fn close(self) -> Result<Vec<FileCounts>> {
        self.users.into_iter().chain(self.events).map(Rows::close).collect()
    }
}

/// A moment as JSON has it.
pub(super) fn stamp(moment: Moment) -> String {
    let mut text = String::with_capacity(25);
    moment.write("-", "T", &mut text);
    text.push_str("+09:00");
    text
}

fn device(draw: &mut Draw) -> Device {
    let app_version = *draw.pick(&["4.2.0", "4.1.3", "4.0.1", "3.9.8"]);
    if draw.chance(0.64) {
        Device {
            os: "iOS",
            model: draw.pick::<&str>(&["iPhone 15", "iPhone 14", "iPhone 13", "iPhone SE", "iPhone 12"]),
            app_version,
        }
    } else {
        Device {
            os: "Android",
            model: draw.pick::<&str>(&["Pixel 8a", "Xperia 10", "AQUOS sense8", "Galaxy A54", "arrows We"]),
            app_version,
        }
    }
}
