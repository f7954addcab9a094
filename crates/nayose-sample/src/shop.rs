//! The shop system: customers as daily CSV files in CP932, and order lines by month.

use std::path::Path;

use super::addresses::{Style, write};
use super::calendar::{Day, END};
use super::consent::Consent;
use super::contact::{Phone, PhoneStyle};
use super::cp932::Cp932;
use super::draw::{Draw, Purpose, shuffled};
use super::errors::slip_birth;
use super::facts::{Custom, Moment, store, store_code};
use super::household::{Household, Person};
use super::lists::{Lists, Product};
use super::output::{FileCounts, Rows, Shape, quoted};
use super::rates;
use super::record::{NO_MAILS, NO_PHONES, Registration, View, history, names, phone, terminal_kana, typed_mail};
use super::spelling::{full_width, half_width, hiragana, old_terminal};
use crate::error::Result;

const CUSTOMER_HEADER: [&str; 16] = [
    "顧客番号",
    "氏名",
    "フリガナ",
    "郵便番号",
    "住所1",
    "住所2",
    "電話番号",
    "メールアドレス",
    "性別",
    "生年月日",
    "登録日",
    "更新日",
    "メルマガ",
    "メルマガ回答日",
    "広告利用",
    "広告利用回答日",
];
/// Months of orders.
const MONTHS: i32 = 27;
const ORDER_HEADER: [&str; 9] =
    ["注文番号", "顧客番号", "注文日時", "店舗コード", "商品コード", "商品名", "数量", "単価", "金額"];

/// The shop's files.
pub(super) struct Shop<'a> {
    lists: &'a Lists,
    seed: u64,
    encoding: Cp932,
    customers: Vec<Rows>,
    orders: Vec<Rows>,
    text: String,
    bytes: Vec<u8>,
}

/// An order as it was written.
pub(super) struct Order<'a> {
    pub(super) number: String,
    pub(super) moment: Moment,
    pub(super) store: String,
    /// Products and their quantities, in the order of the lines.
    pub(super) lines: Vec<(&'a Product, u32)>,
}

impl Order<'_> {
    /// What the lines cost together.
    pub(super) fn total(&self) -> u32 {
        self.lines.iter().map(|(product, quantity)| product.price * quantity).sum()
    }
}

/// A shop record's number.
pub(super) fn number(seed: u64, serial: u64) -> String {
    format!("C{:08}", shuffled(seed ^ 0x51, 100_000_000, serial))
}

/// The telephone of a store, which staff enter when a customer gives none.
fn store_phone(lists: &Lists, seed: u64, store: usize) -> Phone {
    Phone::landline(seed ^ 0x570E, lists.cities[lists.stores[store]].area_code, store as u64)
}

impl<'a> Shop<'a> {
    /// Opens all files.
    pub(super) fn create(out: &Path, lists: &'a Lists, seed: u64) -> Result<Self> {
        let encoding = Cp932::new();
        let mut text = String::new();
        let mut header = |fields: &[&str]| {
            quoted(fields, &mut text);
            let mut bytes = Vec::new();
            encoding.encode(&text, &mut bytes);
            bytes.extend(b"\r\n");
            bytes
        };
        let (customer, order) = (header(&CUSTOMER_HEADER), header(&ORDER_HEADER));
        let mut customers = Vec::new();
        for day in rates::SHOP_EXPORTS {
            let mut path = "shop/customers_".to_string();
            day.write("", &mut path);
            path.push_str(".csv");
            customers.push(Rows::plain(out, &path, "customer", Shape::Csv, b"\r\n", &customer)?);
        }
        let mut orders = Vec::new();
        let (year, first, _) = rates::SALES_FROM.date();
        for month in 0..MONTHS {
            let at = first - 1 + month;
            let path = format!("shop/orders_{}{:02}.csv", year + at / 12, at % 12 + 1);
            orders.push(Rows::plain(out, &path, "order line", Shape::Csv, b"\r\n", &order)?);
        }
        Ok(Shop { lists, seed, encoding, customers, orders, text: String::new(), bytes: Vec::new() })
    }

    /// Writes a customer in all states that the exports saw, and the orders; tells the orders.
    pub(super) fn record(
        &mut self,
        household: &Household,
        person: &Person,
        registration: Registration,
    ) -> Vec<Order<'a>> {
        let mut draw = Draw::new(self.seed, Purpose::Shop, registration.serial);
        let mut damage = Draw::new(self.seed, Purpose::Damage, registration.serial * 4);
        let id = number(self.seed, registration.serial);
        let states = history(person, &mut draw, registration.day, rates::TELLS[0]);
        let custom = Custom::draw(&mut draw, self.lists, registration.day, rates::FACTS_FROM, rates::ORDERS);
        let consents = [Consent::to_mail(self.seed, 0, registration), Consent::to_advertising(self.seed, registration)];
        let mut before: Option<Day> = None;
        for (place, export) in rates::SHOP_EXPORTS.into_iter().enumerate() {
            let last = states.iter().rev().find(|state| state.day <= export);
            let touched = before.is_some_and(|_| draw.chance(rates::TOUCHED));
            let Some(state) = last else { continue };
            let changed = before.is_none_or(|before| state.day > before);
            if !changed && !touched {
                continue;
            }
            let updated = if changed { state.day } else { export.plus(-draw.between(0, 9)) };
            let view = state.view(household, person);
            let fields = self.fields(&id, &view, registration.day, updated.max(registration.day), &draw);
            let [mail, advertising] = &consents;
            let mail = answer(mail.on(export), ["希望する", "希望しない"]);
            let advertising = answer(advertising.on(export), ["許可する", "許可しない"]);
            let answers = [mail.0, &mail.1, advertising.0, &advertising.1];
            let fields: Vec<&str> = fields.iter().map(String::as_str).chain(answers).collect();
            quoted(&fields, &mut self.text);
            self.bytes.clear();
            self.encoding.encode(&self.text, &mut self.bytes);
            let key = shuffled(self.seed ^ 0x51, 100_000_000, registration.serial);
            self.customers[place].push(key, &self.bytes, &mut damage);
            before = Some(export);
        }
        self.orders_of(&id, person, registration, &custom, &mut draw, &mut damage)
    }

    fn fields(&self, id: &str, view: &View<'_>, registered: Day, updated: Day, record: &Draw) -> [String; 12] {
        let (mut name, mut kana) = self.name(view, &mut record.fork(1));
        let mut draw = record.fork(2);
        let mut address = (String::new(), String::new(), String::new());
        if !draw.chance(rates::NO_ADDRESS[0]) {
            let style = Style::draw(&mut draw, 0.28);
            let written = write(&view.home.address, self.lists, style, &mut draw);
            let postal = match draw.by_weight(&[70, 24, 2, 4]) {
                0 => format!("{}-{}", &written.postal[..3], &written.postal[3..]),
                1 => written.postal.clone(),
                2 => full_width(&format!("{}-{}", &written.postal[..3], &written.postal[3..])),
                _ => String::new(),
            };
            address = if draw.chance(0.12) {
                (postal, written.whole(), String::new())
            } else {
                (postal, written.upper(), written.building)
            };
        }
        let mut draw = record.fork(3);
        let mut telephone = self.telephone(view, &mut draw);
        let mut draw = record.fork(4);
        let mail = match view.mail {
            _ if draw.chance(rates::DEFAULT_MAIL) => (*draw.pick(&NO_MAILS)).to_string(),
            Some(mail) if !draw.chance(rates::NO_MAIL[0]) => typed_mail(mail, &mut draw),
            _ => String::new(),
        };
        let mut draw = record.fork(5);
        let wrong = draw.chance(rates::WRONG_SEX);
        let sex = match draw.chance(rates::NO_SEX[0]) {
            true => *draw.pick(&["", "", "不明"]),
            false if view.person.female != wrong => "女",
            false => "男",
        };
        let mut birth = String::new();
        if draw.chance(rates::DEFAULT_BIRTH) {
            birth.push_str("1900/01/01");
        } else if !draw.chance(rates::NO_BIRTH[0]) {
            slip_birth(view.person.birth, &mut draw).write("/", &mut birth);
        }
        let mut dates = [String::new(), String::new()];
        registered.write("/", &mut dates[0]);
        updated.write("/", &mut dates[1]);
        if draw.chance(rates::COMPANY) {
            let company = ["㈱丸山工務店", "㈲みどり電器", "㈱サンライズ商事", "㈱共栄①号館"][draw.below(4) as usize];
            name = format!("{company}　{name}");
            kana.clear();
            if let Some(fixed) = &view.home.landline {
                telephone = fixed.hyphens();
            }
        }
        let [registered, updated] = dates;
        let (postal, upper, lower) = address;
        [id.to_string(), name, kana, postal, upper, lower, telephone, mail, sex.to_string(), birth, registered, updated]
    }

    fn name(&self, view: &View<'_>, draw: &mut Draw) -> (String, String) {
        let names = names(view, draw);
        let no_given = draw.chance(rates::NO_GIVEN);
        let space = ["　", " ", ""][draw.by_weight(&[62, 16, 22])];
        let given = if no_given { "" } else { names.given.as_str() };
        let mut name = format!("{}{space}{given}", names.family);
        if draw.chance(0.02) {
            name = format!("{}{space}{}", names.family_kana, names.given_kana);
        }
        // CP932 has no 𠮷: the clerk takes 吉.
        if name.contains('𠮷') {
            name = old_terminal(&name, false);
        }
        let name = name.trim_end().to_string();
        if draw.chance(rates::NO_KANA) {
            return (name, String::new());
        }
        let space = if space.is_empty() { *draw.pick(&["", " "]) } else { space };
        let kana = format!("{}{space}{}", names.family_kana, if no_given { "" } else { names.given_kana.as_str() });
        let kana = kana.trim_end();
        let kana = match draw.by_weight(&[74, 18, 8]) {
            0 => kana.to_string(),
            1 => half_width(&terminal_kana(kana, draw.chance(0.3))),
            _ => hiragana(kana),
        };
        (name, kana)
    }

    fn telephone(&self, view: &View<'_>, draw: &mut Draw) -> String {
        if draw.chance(rates::DEFAULT_PHONE) {
            return (*draw.pick(&NO_PHONES)).to_string();
        }
        if draw.chance(rates::STORE_PHONE) {
            let stores = self.lists.stores.len() as u32;
            let store = self.lists.cities[view.home.address.city].store.unwrap_or_else(|| draw.below(stores) as usize);
            return store_phone(self.lists, self.seed, store).hyphens();
        }
        if draw.chance(rates::NO_PHONE[0]) {
            return String::new();
        }
        let Some(number) = phone(view, draw, rates::GIVES_LANDLINE[0]) else { return String::new() };
        let style = PhoneStyle::draw(draw);
        if draw.chance(rates::PHONE_SLIP) { number.slipped(draw).written(style) } else { number.written(style) }
    }

    fn orders_of(
        &mut self,
        id: &str,
        person: &Person,
        registration: Registration,
        custom: &Custom,
        draw: &mut Draw,
        damage: &mut Draw,
    ) -> Vec<Order<'a>> {
        let mut before = Draw::new(self.seed, Purpose::Earlier, registration.serial * 2);
        let mut order = |(serial, visit): (u64, Moment), draw: &mut Draw| {
            let city = person.homes.at(visit.day).address.city;
            self.order(id, (registration.serial * 64 + serial, visit), city, custom, draw, damage)
        };
        let visits = custom.visits(draw, 63);
        let orders: Vec<Order<'a>> = (0..).zip(visits).map(|place| order(place, draw)).collect();
        // Numbers of earlier ones count down from the last that a record may have. Their draws are their own.
        let earlier = custom.earlier(registration.day).visits(&mut before, 63 - orders.len());
        let places = (0..64).rev().zip(earlier);
        let earlier: Vec<Order<'a>> = places.map(|place| order(place, &mut before)).collect();
        earlier.into_iter().chain(orders).collect()
    }

    /// Writes the lines of an order.
    fn order(
        &mut self,
        id: &str,
        (serial, visit): (u64, Moment),
        city: usize,
        custom: &Custom,
        draw: &mut Draw,
        damage: &mut Draw,
    ) -> Order<'a> {
        let number = format!("{:010}", shuffled(self.seed ^ 0x0D, 10_000_000_000, serial));
        let bought_at = store_code(store(self.lists, city, draw));
        let mut when = String::new();
        visit.write("/", " ", &mut when);
        let mut lines = Vec::new();
        custom.basket(draw, self.lists, &mut lines);
        for (product, quantity) in &lines {
            let (quantity, price, amount) =
                (quantity.to_string(), product.price.to_string(), (quantity * product.price).to_string());
            quoted(
                &[&number, id, &when, &bought_at, product.code, product.name, &quantity, &price, &amount],
                &mut self.text,
            );
            self.bytes.clear();
            self.encoding.encode(&self.text, &mut self.bytes);
            self.orders[month(visit)].push(visit.key(serial), &self.bytes, damage);
        }
        Order { number, moment: visit, store: bought_at, lines }
    }

    /// A record that staff made to try a till.
    pub(super) fn test_record(&mut self, serial: u64) {
        let mut draw = Draw::new(self.seed, Purpose::Test, serial);
        let id = number(self.seed, serial);
        let (name, kana) = *draw.pick(&[
            ("テスト　太郎", "テスト　タロウ"),
            ("テスト　花子", "テスト　ハナコ"),
            ("テスト　テスト", "テスト　テスト"),
            ("店舗テスト", "テンポテスト"),
            ("動作確認用", ""),
        ]);
        let store = draw.below(self.lists.stores.len() as u32) as usize;
        let city = &self.lists.cities[self.lists.stores[store]];
        let telephone = store_phone(self.lists, self.seed, store).hyphens();
        let mut registered = String::new();
        END.plus(-draw.between(200, 3000)).write("/", &mut registered);
        let upper = format!("{}{}{}1-1-1", city.prefecture, city.name, city.towns[0].name);
        let birth = *draw.pick(&["1900/01/01", "2000/01/01", ""]);
        let mail = *draw.pick(&["test@example.com", ""]);
        let fields = [
            &id,
            name,
            kana,
            city.towns[0].postal,
            &upper,
            "",
            &telephone,
            mail,
            "男",
            birth,
            &registered,
            &registered,
            "",
            "",
            "",
            "",
        ];
        quoted(&fields, &mut self.text);
        self.bytes.clear();
        self.encoding.encode(&self.text, &mut self.bytes);
        let key = shuffled(self.seed ^ 0x51, 100_000_000, serial);
        self.customers[0].push(key, &self.bytes, &mut draw);
    }

    /// Writes the batch.
    pub(super) fn flush(&mut self) -> Result<()> {
        self.customers.iter_mut().chain(&mut self.orders).try_for_each(Rows::flush)
    }

    /// Closes all files.
    pub(super) fn close(self) -> Result<Vec<FileCounts>> {
        self.customers.into_iter().chain(self.orders).map(Rows::close).collect()
    }
}

/// The place of a moment's month in the span of orders.
fn month(moment: Moment) -> usize {
    let ((y1, m1, _), (y2, m2, _)) = (rates::SALES_FROM.date(), moment.day.date());
    ((y2 - y1) * 12 + m2 - m1).clamp(0, MONTHS - 1) as usize
}

/// An answer in the words of its form, and the day on which it was given; both empty where nobody asked.
fn answer(on: Option<(Day, bool)>, [yes, no]: [&'static str; 2]) -> (&'static str, String) {
    let mut day = String::new();
    match on {
        None => ("", day),
        Some((answered, wants)) => {
            answered.write("/", &mut day);
            (if wants { yes } else { no }, day)
        }
    }
}
