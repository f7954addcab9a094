//! CSV files of the systems around the shop: every field quoted, CRLF, CP932 or UTF-8 with a byte order mark. None is damaged: these
//! systems check what they export.

use std::path::Path;
use std::rc::Rc;

use super::super::calendar::Day;
use super::super::cp932::Cp932;
use super::super::draw::{Draw, Purpose};
use super::super::facts::Moment;
use super::super::output::{FileCounts, Rows, Shape, quoted};
use crate::error::Result;

/// A CSV file being written.
pub(super) struct Sheet {
    rows: Rows,
    cp932: Option<Rc<Cp932>>,
    text: String,
    bytes: Vec<u8>,
    never: Draw,
}

impl Sheet {
    /// Opens a file with its header; UTF-8 where no encoding is given.
    pub(super) fn create(
        out: &Path,
        path: &str,
        kind: &'static str,
        cp932: Option<&Rc<Cp932>>,
        header: &[&str],
    ) -> Result<Self> {
        let (mut text, mut bytes) = (String::new(), Vec::new());
        quoted(header, &mut text);
        match cp932 {
            Some(encoding) => encoding.encode(&text, &mut bytes),
            None => bytes.extend(format!("\u{FEFF}{text}").as_bytes()),
        }
        bytes.extend(b"\r\n");
        let rows = Rows::plain(out, path, kind, Shape::Whole, b"\r\n", &bytes)?;
        Ok(Sheet { rows, cp932: cp932.cloned(), text, bytes, never: Draw::new(0, Purpose::Test, 0) })
    }

    /// Adds a row, whose place in the batch is by `key`.
    pub(super) fn push(&mut self, key: u64, fields: &[&str]) {
        quoted(fields, &mut self.text);
        match &self.cp932 {
            Some(encoding) => {
                self.bytes.clear();
                encoding.encode(&self.text, &mut self.bytes);
                self.rows.push(key, &self.bytes, &mut self.never);
            }
            None => self.rows.push(key, self.text.as_bytes(), &mut self.never),
        }
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

/// Paths of files for periods of some months each, from the month of `from` on: `crm/web_202504.csv`.
pub(super) fn paths(stem: &str, end: &str, from: Day, months: i32, files: i32) -> Vec<String> {
    let (year, first, _) = from.date();
    let path = |file: i32| {
        let at = first - 1 + file * months;
        format!("crm/{stem}_{}{:02}.{end}", year + at / 12, at % 12 + 1)
    };
    (0..files).map(path).collect()
}

/// The place of a day's period among those files.
pub(super) fn period(day: Day, from: Day, months: i32, files: i32) -> usize {
    let ((y1, m1, _), (y2, m2, _)) = (from.date(), day.date());
    (((y2 - y1) * 12 + m2 - m1) / months).clamp(0, files - 1) as usize
}

/// A day as `2026/03/04`.
pub(super) fn written(day: Day) -> String {
    let mut text = String::with_capacity(10);
    day.write("/", &mut text);
    text
}

/// A moment as `2026/03/04 12:34:56`.
pub(super) fn stamped(moment: Moment) -> String {
    let mut text = String::with_capacity(19);
    moment.write("/", " ", &mut text);
    text
}

/// A moment in the hours in which people are awake, on `day`.
pub(super) fn awake(day: Day, draw: &mut Draw) -> Moment {
    // From eight in the morning to ten in the evening.
    Moment { day, second: 28_800 + draw.below(50_400) }
}

/// The moment `seconds` later.
pub(super) fn after(moment: Moment, seconds: u32) -> Moment {
    let second = moment.second + seconds;
    Moment { day: moment.day.plus((second / 86_400) as i32), second: second % 86_400 }
}
