//! Rows as CSV.
//!
//! In: the fields of rows. Out: CSV as RFC 4180 has it, with LF, no larger than a limit.

use crate::Problem;

/// Writes CSV.
pub(crate) struct Csv<'a> {
    writer: csv::Writer<Vec<u8>>,
    what: &'a str,
    limit: usize,
}

impl<'a> Csv<'a> {
    /// `what` is what a message calls the file.
    pub(crate) fn new(what: &'a str, limit: usize) -> Self {
        Csv {
            writer: csv::WriterBuilder::new().flexible(true).buffer_capacity(BUFFER).from_writer(Vec::new()),
            what,
            limit,
        }
    }

    /// Writes a row.
    pub(crate) fn write<'f>(&mut self, fields: impl IntoIterator<Item = &'f str>) -> Result<(), Problem> {
        self.writer.write_record(fields).map_err(|_| self.too_large())?;
        if self.writer.get_ref().len() > self.limit { Err(self.too_large()) } else { Ok(()) }
    }

    /// The whole CSV.
    pub(crate) fn into_bytes(self) -> Result<Vec<u8>, Problem> {
        let problem = self.too_large();
        let bytes = self.writer.into_inner().map_err(|_| problem.clone())?;
        if bytes.len() > self.limit { Err(problem) } else { Ok(bytes) }
    }

    fn too_large(&self) -> Problem {
        Problem::too_large(self.what, self.limit)
    }
}

/// What the writer holds back before the limit is looked at: the usual page of a buffered writer.
const BUFFER: usize = 8 * 1024;
