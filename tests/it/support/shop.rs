//! The shop's file of customers: where its cells are, its rows, and files like it.

use std::fs;

use super::Retailer;

/// The first load.
pub const FIRST: &str = "customers_20250930.csv";

pub const NAME: usize = 1;
pub const KANA: usize = 2;
pub const ADDRESS: usize = 4;
pub const PHONE: usize = 6;
pub const MAIL: usize = 7;
pub const SEX: usize = 8;
pub const BIRTH: usize = 9;
pub const UPDATED: usize = 11;
pub const CONSENT: usize = 12;
const CELLS: usize = 16;

/// The text of the first load: its header, and the rows with name, kana, address, phone, mail and birth date.
pub fn first_load(retailer: &Retailer) -> (String, Vec<Vec<String>>) {
    let bytes = fs::read(retailer.path("input/shop").join(FIRST)).expect("the file");
    let mut lines =
        bytes.split_inclusive(|b| *b == b'\n').map(|line| encoding_rs::SHIFT_JIS.decode(line).0.into_owned());
    let header = lines.next().expect("a header");
    let cells = |line: String| -> Vec<String> {
        line.trim_end().trim_matches('"').split("\",\"").map(str::to_string).collect()
    };
    let is_whole = |row: &Vec<String>| {
        row.len() == CELLS && [NAME, KANA, ADDRESS, PHONE, MAIL, BIRTH].iter().all(|cell| !row[*cell].is_empty())
    };
    (header, lines.map(cells).filter(is_whole).collect())
}

/// Writes a file of the shop.
pub fn put(retailer: &Retailer, name: &str, header: &str, rows: &[Vec<String>]) {
    let rows: String = rows.iter().map(|row| format!("\"{}\"\r\n", row.join("\",\""))).collect();
    let bytes = encoding_rs::SHIFT_JIS.encode(&format!("{header}{rows}")).0.into_owned();
    fs::write(retailer.path("input/shop").join(name), bytes).expect("written");
}
