//! Tests of the crate through its public functions.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod any_bytes;
mod archive;
mod fixed;
mod json;
mod oracle;
mod support;
mod utf16;
mod workbook;
mod xlsx;
