//! What no customer is in: products, stores, and what was spent on media.

use std::path::Path;
use std::rc::Rc;

use super::super::calendar::Day;
use super::super::cp932::Cp932;
use super::super::draw::{Draw, Purpose};
use super::super::facts::store_code;
use super::super::lists::Lists;
use super::super::output::FileCounts;
use super::super::rates as chain;
use super::rates;
use super::sheet::{Sheet, written};
use crate::error::Result;

/// Category path of an errand's products.
const CATEGORIES: [(&str, &str); 14] = [
    ("珈琲", "食品>飲料>珈琲"),
    ("紅茶", "食品>飲料>紅茶・日本茶"),
    ("髪", "日用品>化粧品>ヘアケア"),
    ("肌", "日用品>化粧品>スキンケア"),
    ("洗濯掃除", "日用品>家庭用品>洗濯・掃除"),
    ("紙", "日用品>家庭用品>紙製品"),
    ("赤ちゃん", "日用品>ベビー用品"),
    ("朝食", "食品>主食・乳製品"),
    ("酒", "食品>酒類"),
    ("健康", "食品>健康食品"),
    ("ペット", "日用品>ペット用品"),
    ("文具", "文化用品>文具"),
    ("台所", "耐久消費財>台所用品"),
    ("園芸", "文化用品>園芸"),
];
/// Products of another category than the other goods of their errand.
const EXCEPTIONS: [(&str, &str); 6] = [
    ("1004", "耐久消費財>台所用品"),
    ("1008", "耐久消費財>台所用品"),
    ("1607", "文化用品>書籍"),
    ("1805", "食品>乳製品・惣菜"),
    ("1806", "食品>菓子"),
    ("1908", "日用品>化粧品>入浴剤"),
];
/// Small packs that are sold to be tried, and the goods that they lead to.
const TRIAL: [&str; 3] = ["1005", "1303", "1605"];
/// As above.
const MAIN: [&str; 4] = ["1001", "1002", "1301", "1604"];
/// Sold for somebody else's account: the chain does not know the cost.
const CONSIGNED: &str = "2105";

/// The category path of a product.
pub(super) fn category(code: &str, errand: &str) -> &'static str {
    let of_code = EXCEPTIONS.iter().find(|(exception, _)| *exception == code);
    of_code.or_else(|| CATEGORIES.iter().find(|(name, _)| *name == errand)).map_or("その他", |(_, path)| path)
}

/// 消費税 in percent: 8 for food, but not for wine and beer.
pub(super) fn tax_percent(code: &str) -> u32 {
    let food = ["10", "11", "17", "19"].iter().any(|start| code.starts_with(start))
        || ["1805", "1806", "1807"].contains(&code);
    if food && !["1004", "1008", "1908"].contains(&code) { 8 } else { 10 }
}

/// Writes the three files.
pub(super) fn write(out: &Path, lists: &Lists, seed: u64, people: u64, cp932: &Rc<Cp932>) -> Result<Vec<FileCounts>> {
    Ok(vec![products(out, lists, seed, cp932)?, stores(out, lists, seed)?, spend(out, seed, people)?])
}

fn products(out: &Path, lists: &Lists, seed: u64, cp932: &Rc<Cp932>) -> Result<FileCounts> {
    let header = ["商品コード", "商品名", "カテゴリ", "原価", "発売日", "区分"];
    let mut sheet = Sheet::create(out, "crm/products.csv", "product", Some(cp932), &header)?;
    let mut draw = Draw::new(seed, Purpose::Reference, 1);
    let products = lists.errands.iter().flat_map(|errand| errand.products.iter().map(move |product| (errand, product)));
    for (place, (errand, product)) in products.enumerate() {
        let cost = product.price * (45 + draw.below(28)) / 100;
        let cost = if product.code == CONSIGNED { String::new() } else { cost.to_string() };
        // All of them are sold from the first day of the orders on.
        let launched = Day(draw.between(chain::OPENED.0, chain::SALES_FROM.0 - 1));
        let role = match product.code {
            code if TRIAL.contains(&code) => "お試し",
            code if MAIN.contains(&code) => "本品",
            _ => "",
        };
        let path = category(product.code, errand.name);
        sheet.push(place as u64, &[product.code, product.name, path, &cost, &written(launched), role]);
    }
    sheet.close()
}

fn stores(out: &Path, lists: &Lists, seed: u64) -> Result<FileCounts> {
    let mut sheet =
        Sheet::create(out, "crm/stores.csv", "store", None, &["店舗コード", "店舗名", "都道府県", "開店日"])?;
    let mut draw = Draw::new(seed, Purpose::Reference, 2);
    for (place, city) in lists.stores.iter().enumerate() {
        let city = &lists.cities[*city];
        let opened = written(Day(draw.between(chain::OPENED.0, chain::SALES_FROM.0 - 1)));
        sheet.push(place as u64, &[&store_code(Some(place)), &format!("{}店", city.name), city.prefecture, &opened]);
    }
    sheet.push(900, &[&store_code(None), "オンラインストア", "", &written(chain::APP_OPENED)]);
    sheet.close()
}

fn spend(out: &Path, seed: u64, people: u64) -> Result<FileCounts> {
    let mut sheet = Sheet::create(out, "crm/media_spend.csv", "spend", None, &["媒体", "対象月", "広告費"])?;
    let mut draw = Draw::new(seed, Purpose::Reference, 3);
    let (year, first, _) = chain::SALES_FROM.date();
    for month in 0..27 {
        let at = first - 1 + month;
        for (place, (medium, yen)) in rates::PAID.iter().enumerate() {
            // Give or take a quarter.
            let amount = people * u64::from(*yen) * u64::from(75 + draw.below(51)) / 100;
            let day = written(Day::of(year + at / 12, at % 12 + 1, 1));
            sheet.push((month * 4) as u64 + place as u64, &[medium, &day, &amount.to_string()]);
        }
    }
    sheet.close()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_product_has_a_category_and_roles_are_of_products() {
        let lists = Lists::load().expect("the embedded lists parse");
        let mut codes = Vec::new();
        for errand in &lists.errands {
            for product in &errand.products {
                assert_ne!(category(product.code, errand.name), "その他", "{}", product.name);
                codes.push(product.code);
            }
        }
        let named = TRIAL.iter().chain(&MAIN).chain([&CONSIGNED]).chain(EXCEPTIONS.iter().map(|(code, _)| code));
        assert!(named.into_iter().all(|code| codes.contains(code)));
    }

    #[test]
    fn food_is_taxed_less_but_not_wine_and_not_mills() {
        assert_eq!([tax_percent("1001"), tax_percent("1705"), tax_percent("1805")], [8, 8, 8]);
        assert_eq!([tax_percent("1801"), tax_percent("1008"), tax_percent("1401")], [10, 10, 10]);
    }
}
