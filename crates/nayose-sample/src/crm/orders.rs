//! What the order system knows of an order beside its lines: state, discount, coupon, points, shipping, tax, medium, receipt. And what
//! was sent back, and coupons.
//!
//! An order has one row. Its amounts belong to the line of `代表商品コード`, so that a sum over lines is a sum over orders.

use std::collections::VecDeque;
use std::path::Path;
use std::rc::Rc;

use super::super::calendar::{Day, END};
use super::super::cp932::Cp932;
use super::super::draw::{Draw, Purpose, shuffled};
use super::super::facts::Moment;
use super::super::output::FileCounts;
use super::super::pointcard::Sale;
use super::super::rates as chain;
use super::super::shop::Order;
use super::rates;
use super::reference::tax_percent;
use super::sheet::{Sheet, awake, paths, period, stamped};
use super::{Customer, ShopRecord};
use crate::error::Result;

const DETAIL_HEADER: [&str; 12] = [
    "注文番号",
    "代表商品コード",
    "状態",
    "値引額",
    "クーポン番号",
    "利用ポイント",
    "送料",
    "送料負担額",
    "消費税額",
    "注文媒体",
    "レシート番号",
    "届け先番号",
];
const RETURN_HEADER: [&str; 13] = [
    "返品番号",
    "元注文番号",
    "顧客番号",
    "返品日時",
    "店舗コード",
    "商品コード",
    "商品名",
    "数量",
    "単価",
    "金額",
    "消費税額",
    "状態",
    "理由",
];
const COUPON_HEADER: [&str; 7] =
    ["クーポン番号", "顧客番号", "区分", "処理日時", "注文番号", "キャンペーン", "有効期限"];
/// Why goods are sent back, with weights.
const RETURN_REASONS: ([&str; 4], [u32; 4]) =
    (["破損", "イメージと違う", "注文間違い", "不要になった"], [25, 35, 15, 25]);
/// Coupons are given by these.
const COUPON_CAMPAIGNS: [&str; 3] = ["誕生月クーポン", "アンケートお礼", "お買い物応援"];
/// Order details: 27 months, a file for each quarter.
const FILES: (i32, i32) = (3, 9);

/// The files.
pub(super) struct OrderDetails {
    seed: u64,
    details: Vec<Sheet>,
    returns: Sheet,
    coupons: Sheet,
    /// Records of households before, to which gifts may go: when they were registered, and their numbers.
    known: VecDeque<(Day, String)>,
}

/// Records of households before that are kept.
const KNOWN: usize = 64;

/// One order's row.
struct Detail {
    state: &'static str,
    discount: u32,
    coupon: String,
    points: u32,
    shipping: (u32, u32),
    tax: u32,
    medium: &'static str,
}

impl OrderDetails {
    /// Opens the files.
    pub(super) fn create(out: &Path, seed: u64, cp932: &Rc<Cp932>) -> Result<Self> {
        let paths = paths("order_details", "csv", chain::SALES_FROM, FILES.0, FILES.1);
        let open = |path: &String| Sheet::create(out, path, "order detail", Some(cp932), &DETAIL_HEADER);
        Ok(OrderDetails {
            seed,
            details: paths.iter().map(open).collect::<Result<_>>()?,
            returns: Sheet::create(out, "crm/returns.csv", "returned line", Some(cp932), &RETURN_HEADER)?,
            coupons: Sheet::create(out, "crm/coupons.csv", "coupon", Some(cp932), &COUPON_HEADER)?,
            known: VecDeque::new(),
        })
    }

    /// Writes the details of a customer's orders; `household` are all customers of the household.
    pub(super) fn customer(&mut self, customer: &Customer<'_>, household: &[Customer<'_>]) {
        let mut sales: Vec<&Sale> = customer.cards.iter().flat_map(|card| &card.sales).collect();
        let others = household.iter().filter(|other| other.place != customer.place);
        let family: Vec<&ShopRecord<'_>> = others.flat_map(|other| &other.shops).collect();
        for record in &customer.shops {
            self.record(record, &family, &mut sales);
        }
        for record in &customer.shops {
            self.known.push_back((record.registration.day, record.id.clone()));
        }
        self.known.drain(..self.known.len().saturating_sub(KNOWN));
    }

    /// Whom a customer's order goes to, where it is a gift: a customer, or a number of the giver's address book; empty where it is none.
    fn recipient(&self, order: &Order<'_>, serial: u64, family: &[&ShopRecord<'_>], draw: &mut Draw) -> String {
        let is_gift = draw.chance(rates::GIFT) && order.store == "S900";
        let (to, entry) = (draw.unit(), u64::from(draw.below(rates::ADDRESS_BOOK)));
        let by_then = |day: Day| day <= order.moment.day;
        let known: Vec<&str> = match to {
            to if to < rates::TO_CUSTOMER => {
                self.known.iter().filter(|(day, _)| by_then(*day)).map(|(_, id)| id.as_str()).collect()
            }
            to if to < rates::TO_CUSTOMER + rates::TO_FAMILY => family
                .iter()
                .filter(|record| by_then(record.registration.day))
                .map(|record| record.id.as_str())
                .collect(),
            _ => Vec::new(),
        };
        match is_gift {
            false => String::new(),
            true if known.is_empty() => {
                format!(
                    "A{:08}",
                    shuffled(self.seed ^ 0xA8, 100_000_000, serial * u64::from(rates::ADDRESS_BOOK) + entry)
                )
            }
            true => (*draw.pick(&known)).to_string(),
        }
    }

    fn record(&mut self, record: &ShopRecord<'_>, family: &[&ShopRecord<'_>], sales: &mut Vec<&Sale>) {
        let serial = record.registration.serial;
        let mut draw = Draw::new(self.seed, Purpose::OrderDetail, serial);
        let mut gifts = Draw::new(self.seed, Purpose::Gift, serial);
        let mut came_by = "";
        for (place, order) in record.orders.iter().enumerate() {
            let recipient = self.recipient(order, serial, family, &mut gifts);
            let serial = serial * 64 + place as u64;
            let detail = self.detail(order, serial, came_by, &mut draw);
            if came_by.is_empty() {
                came_by = detail.medium;
            }
            let receipt = receipt(order, sales, &mut draw);
            let stays = detail.state == "確定";
            if !detail.coupon.is_empty() {
                self.coupon(&record.id, serial, Some(order).filter(|_| stays), &detail.coupon, order, &mut draw);
            }
            if stays && draw.chance(rates::LINE_RETURNED) {
                self.returned(&record.id, order, serial, &mut draw);
            }
            let numbers = [detail.discount, detail.points, detail.shipping.0, detail.shipping.1, detail.tax];
            let [discount, points, charged, cost, tax] = numbers.map(|number| number.to_string());
            let code = order.lines.first().map_or("", |(product, _)| product.code);
            let fields = [
                &order.number,
                code,
                detail.state,
                &discount,
                &detail.coupon,
                &points,
                &charged,
                &cost,
                &tax,
                detail.medium,
                receipt,
                &recipient,
            ];
            let file = period(order.moment.day, chain::SALES_FROM, FILES.0, FILES.1);
            self.details[file].push(order.moment.key(serial), &fields);
        }
        if draw.chance(rates::COUPON_LAPSED) && record.registration.day < END.plus(-40) {
            let day = draw.between(record.registration.day.max(chain::FACTS_FROM).0, END.0 - 1);
            let moment = awake(Day(day), &mut draw);
            let number = self.coupon_number(serial * 64 + 63);
            let campaign = *draw.pick(&COUPON_CAMPAIGNS);
            let until = stamped(until(moment, &mut draw));
            let fields = [number.as_str(), &record.id, "発行", &stamped(moment), "", campaign, &until];
            self.coupons.push(moment.key(serial), &fields);
        }
    }

    fn detail(&self, order: &Order<'_>, serial: u64, came_by: &'static str, draw: &mut Draw) -> Detail {
        let total = order.total();
        let online = order.store == "S900";
        let medium = match (came_by, online) {
            ("", true) => weighted(&rates::FIRST_ONLINE, draw),
            ("", false) => weighted(&rates::FIRST_IN_STORE, draw),
            (first, _) => Some(weighted(&rates::LATER, draw)).filter(|medium| !medium.is_empty()).unwrap_or(first),
        };
        let open = order.moment.day > END.plus(-30) && draw.chance(rates::PROVISIONAL);
        let state = match draw.unit() {
            _ if open => "仮注文",
            chance if chance < rates::CANCELLED => "キャンセル",
            chance if chance < rates::CANCELLED + rates::RETURNED => "返品",
            _ => "確定",
        };
        let mut discount = 0;
        if draw.chance(rates::DISCOUNTED) {
            let percent = rates::DISCOUNTS.0[draw.by_weight(&rates::DISCOUNTS.1)];
            discount = total * percent / 1000 * 10;
        }
        let by_coupon = draw.chance(rates::BY_COUPON) && discount > 0;
        let mut points = 0;
        if draw.chance(rates::PAID_WITH_POINTS) {
            points = (50 * (1 + draw.below(10))).min(total - discount);
        }
        let mut shipping = (0, 0);
        if online {
            let (free_from, charge) = rates::SHIPPING;
            let cost = rates::PARCELS.0[draw.by_weight(&rates::PARCELS.1)];
            shipping = (if total - discount >= free_from { 0 } else { charge }, cost);
        }
        Detail {
            state,
            discount,
            coupon: if by_coupon { self.coupon_number(serial) } else { String::new() },
            points,
            shipping,
            tax: order.lines.iter().map(|(product, quantity)| tax(product.code, product.price * quantity)).sum(),
            medium,
        }
    }

    fn coupon_number(&self, serial: u64) -> String {
        format!("CP{:010}", shuffled(self.seed ^ 0xC0, 10_000_000_000, serial))
    }

    /// Writes a coupon's issue before an order, and its use where the order stays.
    fn coupon(
        &mut self,
        id: &str,
        serial: u64,
        used: Option<&Order<'_>>,
        number: &str,
        order: &Order<'_>,
        draw: &mut Draw,
    ) {
        let issued = awake(order.moment.day.plus(-draw.between(1, 30)), draw);
        let campaign = *draw.pick(&COUPON_CAMPAIGNS);
        let until = stamped(until(issued, draw));
        self.coupons.push(issued.key(serial), &[number, id, "発行", &stamped(issued), "", campaign, &until]);
        if let Some(order) = used {
            let when = stamped(order.moment);
            let fields = [number, id, "利用", &when, &order.number, campaign, &until];
            self.coupons.push(order.moment.key(serial), &fields);
        }
    }

    /// Writes a line that was sent back.
    fn returned(&mut self, id: &str, order: &Order<'_>, serial: u64, draw: &mut Draw) {
        let (product, quantity) = *draw.pick(&order.lines);
        let moment = awake(order.moment.day.plus(draw.between(3, 20)), draw);
        let reason = RETURN_REASONS.0[draw.by_weight(&RETURN_REASONS.1)];
        if moment.day > END {
            return;
        }
        let amount = product.price * quantity;
        let minus = |number: u32| if number == 0 { "0".to_string() } else { format!("-{number}") };
        let number = format!("R{:010}", shuffled(self.seed ^ 0xB4, 10_000_000_000, serial));
        let fields = [
            number.as_str(),
            &order.number,
            id,
            &stamped(moment),
            &order.store,
            product.code,
            product.name,
            &minus(quantity),
            &product.price.to_string(),
            &minus(amount),
            &minus(tax(product.code, amount)),
            "返品",
            reason,
        ];
        self.returns.push(moment.key(serial), &fields);
    }

    /// Writes the batch.
    pub(super) fn flush(&mut self) -> Result<()> {
        self.details.iter_mut().chain([&mut self.returns, &mut self.coupons]).try_for_each(Sheet::flush)
    }

    /// Closes the files.
    pub(super) fn close(self) -> Result<Vec<FileCounts>> {
        self.details.into_iter().chain([self.returns, self.coupons]).map(Sheet::close).collect()
    }
}

/// 消費税 contained in an amount, cut to the yen as tills do.
fn tax(code: &str, amount: u32) -> u32 {
    let percent = tax_percent(code);
    amount * percent / (100 + percent)
}

/// The end of a day 30 to 60 days later.
fn until(moment: Moment, draw: &mut Draw) -> Moment {
    Moment { day: moment.day.plus(draw.between(30, 60)), second: 86_399 }
}

/// The card sale that is this order's payment, taken out of `sales`; empty where there is none.
fn receipt<'s>(order: &Order<'_>, sales: &mut Vec<&'s Sale>, draw: &mut Draw) -> &'s str {
    let fetched = draw.chance(rates::FETCHED);
    let near = |sale: &&Sale| sale.moment >= order.moment && sale.moment.day <= order.moment.day.plus(3);
    match sales.iter().position(near).filter(|_| fetched) {
        Some(place) => &sales.remove(place).id,
        None => "",
    }
}

/// One of some words, by weight.
fn weighted(words: &[(&'static str, u32)], draw: &mut Draw) -> &'static str {
    let weights: Vec<u32> = words.iter().map(|(_, weight)| *weight).collect();
    words[draw.by_weight(&weights)].0
}
