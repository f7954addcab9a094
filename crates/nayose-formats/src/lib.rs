//! Files that a streaming reader cannot read, turned into text that it can.
//!
//! In: all the bytes of a file. Out: [`Text`], which is CSV (RFC 4180) or JSON lines, in UTF-8, or a [`Problem`]. Why a
//! crate of its own: workbooks, archives and documents come from outside, and any bytes have to be tried against their
//! readers. It opens no file, looks at no clock and knows no engine.
//!
//! | Function | In | Out |
//! |---|---|---|
//! | [`xlsx`] | a sheet of an Excel workbook | CSV |
//! | [`xlsx_beginnings`] | an Excel workbook | the first rows of its sheets |
//! | [`fixed`] | records of a fixed length in bytes | CSV |
//! | [`json_rows`] | a JSON document | JSON lines |
//! | [`utf16`] | text in UTF-16 | the text in UTF-8 |
//! | [`zip_members`], [`zip_member`] | a ZIP archive | its members, the bytes of one |
//!
//! # What is never done
//! - No value is changed or left out in silence. What cannot be told exactly is a [`Problem`], a warning or a
//!   [`BadRow`].
//! - No value of a row stands in a message, only names, cells and lines.
//! - No size that a file declares is believed. Memory is bounded by the limit that the caller gives.

mod archive;
mod fixed;
mod json;
mod output;
mod problem;
mod utf16;
mod xlsx;

pub use archive::{Member, zip_member, zip_members};
pub use fixed::{Encoding, fixed};
pub use json::json_rows;
pub use problem::{BadRow, Problem, Text};
pub use utf16::utf16;
pub use xlsx::{SheetBeginning, xlsx, xlsx_beginnings};
