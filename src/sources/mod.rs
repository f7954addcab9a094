//! One raw file as a stream of text batches, with the rows that could not be read.
//!
//! In: a file of any store and how it is written. Out: batches of text columns as they came; a row that could not be read has a
//! reason instead. What columns mean is not known here.

mod decompress;
mod delimited;
mod encoding;
pub mod fill_down;
mod header;
mod json_keys;
mod json_lines;
mod json_value;
mod parquet_rows;
pub mod reader;
mod row_batch;
mod split;
mod text_file;
pub mod unpack;
