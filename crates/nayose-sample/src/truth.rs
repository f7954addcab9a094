//! The truth: which record is which person, and who lives together on the last day of the data.

use std::path::Path;

use super::calendar::digits;
use super::draw::{Draw, Purpose, mix};
use super::output::{FileCounts, Rows, Shape};
use crate::error::Result;

/// The truth file.
pub(super) struct Truth {
    rows: Rows,
    text: String,
    never: Draw,
}

impl Truth {
    /// Opens the file.
    pub(super) fn create(out: &Path) -> Result<Self> {
        let header = b"channel,source_record_id,person_id,household_id\n";
        let rows = Rows::plain(out, "truth.csv", "truth", Shape::Whole, b"\n", header)?;
        Ok(Truth { rows, text: String::new(), never: Draw::new(0, Purpose::Test, 0) })
    }

    /// Adds a record. A test record has no household: nobody lives there.
    pub(super) fn add(&mut self, channel: &str, id: &str, person: u64, household: Option<u64>) {
        let text = &mut self.text;
        text.clear();
        text.push_str(channel);
        text.push(',');
        text.push_str(id);
        text.push_str(",P");
        digits(person as u32, 9, text);
        text.push(',');
        if let Some(household) = household {
            text.push('H');
            digits(household as u32, 8, text);
        }
        let key = id.bytes().fold(channel.len() as u64, |key, byte| mix(key ^ u64::from(byte)));
        self.rows.push(key, text.as_bytes(), &mut self.never);
    }

    /// Writes the batch.
    pub(super) fn flush(&mut self) -> Result<()> {
        self.rows.flush()
    }

    /// Closes the file.
    pub(super) fn close(self) -> Result<FileCounts> {
        self.rows.close()
    }
}
