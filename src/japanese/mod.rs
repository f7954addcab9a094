//! Japanese as people write it: text in, canonical text out. Pure: no Arrow, no I/O, no clock, and no input makes it fail.
//!
//! Every normalizer answers with a key (two spellings of one thing have one key), how sure it is, and what was wrong.

pub mod address;
mod ascii;
pub mod date;
pub mod email;
pub mod identifier;
pub mod kana;
pub mod kanji;
pub mod name;
pub mod number;
pub mod organization;
pub mod phone;
pub mod postal;
pub mod romaji;
pub mod sex;
pub mod width;
