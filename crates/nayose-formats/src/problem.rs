//! What comes out: text, or what is wrong with the file.

use std::fmt;

/// Text that a streaming reader can read, in UTF-8.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text {
    /// CSV with a header, or JSON lines.
    pub bytes: Vec<u8>,
    /// What the owner of the file should know: a sentence each.
    pub warnings: Vec<String>,
    /// Rows that stand in `bytes` but cannot be trusted, in their order.
    pub bad: Vec<BadRow>,
    /// Of a workbook: the row of the sheet, as Excel numbers it, of each row of `bytes` below the header. Empty for other files.
    pub rows: Vec<usize>,
}

/// A row that cannot be trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadRow {
    /// Which row of the text: the first below the header is 1.
    pub row: usize,
    /// What is wrong with it. Names columns, no values.
    pub sentence: String,
}

/// Why a file cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// One sentence that names the place.
    pub sentence: String,
    /// The remedy.
    pub hint: String,
}

impl Problem {
    pub(crate) fn new(sentence: impl Into<String>, hint: impl Into<String>) -> Self {
        Problem { sentence: sentence.into(), hint: hint.into() }
    }

    /// The text would be larger than the caller allows.
    pub(crate) fn too_large(what: &str, limit: usize) -> Self {
        Problem::new(
            format!("{what} unpacks to more than {limit} bytes"),
            "split the file, or raise the limit of a file that is read as a whole",
        )
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\nhint: {}", self.sentence, self.hint)
    }
}

impl std::error::Error for Problem {}
