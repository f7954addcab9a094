//! Japanese customer data as people write it.
//!
//! In: the text of one field. Out: its canonical form, a key that is equal for two spellings of one thing, how certain
//! it is, and what was wrong. One module for each kind of field; [`width`] and [`kana`] are what they share, and
//! [`spreadsheet`] and [`shape`] are of values of any kind. Why a crate of its own: it is pure. No Arrow, no I/O, no
//! clock, and no input makes it fail, so the same text gives the same answer everywhere.

pub mod address;
mod ascii;
pub mod date;
pub mod email;
pub mod identifier;
pub mod kana;
mod kanji;
pub mod name;
pub mod number;
mod numeral;
pub mod organization;
pub mod phone;
pub mod postal;
pub mod romaji;
pub mod sex;
pub mod shape;
pub mod spreadsheet;
pub mod width;
