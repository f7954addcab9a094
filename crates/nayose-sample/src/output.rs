//! Files being written: encodings, order of rows, damaged rows, counts.
//!
//! In: rows, household by household. Out: files whose rows are in the order of time (or of numbers) within each batch, so
//! that the members of a household do not stand side by side, and memory stays small at any size.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use flate2::write::GzEncoder;
use flate2::{Compression, GzBuilder};
use serde::Serialize;

use super::draw::Draw;
use super::rates;
use crate::error::{Error, Result};

/// Counts of one file.
#[derive(Clone, Debug, Default, Serialize)]
pub struct FileCounts {
    /// Path below the output folder.
    pub path: String,
    /// What a row is: customer, order line, user, event, member, transaction, ticket, truth; of `crm/` product, coupon, message and others.
    pub kind: &'static str,
    /// Data rows, the damaged ones among them; a header is none.
    pub rows: u64,
    /// Rows with a quote where none may be.
    pub broken_quote: u64,
    /// Rows with a byte that the encoding does not have.
    pub undecodable: u64,
    /// Rows with a column too few, or cut off in the middle.
    pub truncated: u64,
    /// Rows without the number that makes them a record.
    pub missing_id: u64,
}

/// How a damaged copy of a row can be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// Comma-separated, every field quoted.
    Csv,
    /// One JSON object a line, its number first.
    Json,
    /// Never damaged.
    Whole,
}

enum Sink {
    Plain(BufWriter<File>),
    Gzip(Box<GzEncoder<BufWriter<File>>>),
}

/// A file being written.
pub(super) struct Rows {
    sink: Sink,
    shape: Shape,
    end_of_line: &'static [u8],
    counts: FileCounts,
    batch: Vec<u8>,
    order: Vec<(u64, usize, usize)>,
    damaged: Vec<u8>,
}

/// Opens a file below `out`, creating its folder; never overwrites what is not a plain file.
pub(super) fn create(out: &Path, path: &str) -> Result<BufWriter<File>> {
    let whole = out.join(path);
    let failed = |error: std::io::Error| Error::Write { file: Some(whole.clone()), cause: error.to_string() };
    if let Some(folder) = whole.parent() {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    Ok(BufWriter::with_capacity(1 << 16, File::create(&whole).map_err(failed)?))
}

impl Rows {
    /// A plain text file that begins with `head`.
    pub(super) fn plain(
        out: &Path,
        path: &str,
        kind: &'static str,
        shape: Shape,
        end: &'static [u8],
        head: &[u8],
    ) -> Result<Self> {
        let mut file = create(out, path)?;
        file.write_all(head)?;
        Ok(Self::of(Sink::Plain(file), path, kind, shape, end))
    }

    /// A gzipped file; its header has no time and no name.
    pub(super) fn gzip(out: &Path, path: &str, kind: &'static str) -> Result<Self> {
        let file = create(out, path)?;
        let sink = GzBuilder::new().mtime(0).operating_system(255).write(file, Compression::new(4));
        Ok(Self::of(Sink::Gzip(Box::new(sink)), path, kind, Shape::Json, b"\n"))
    }

    fn of(sink: Sink, path: &str, kind: &'static str, shape: Shape, end_of_line: &'static [u8]) -> Self {
        let counts = FileCounts { path: path.to_string(), kind, ..FileCounts::default() };
        Rows { sink, shape, end_of_line, counts, batch: Vec::new(), order: Vec::new(), damaged: Vec::new() }
    }

    /// Adds a row, whose place in the batch is by `key`; rarely, a damaged copy follows.
    pub(super) fn push(&mut self, key: u64, row: &[u8], damage: &mut Draw) {
        self.keep(key, row);
        if self.shape != Shape::Whole && damage.chance(rates::DAMAGED) {
            let mut copy = std::mem::take(&mut self.damaged);
            copy.clear();
            self.damage(row, damage.below(4), &mut copy);
            self.keep(key.wrapping_add(1), &copy);
            self.damaged = copy;
        }
    }

    fn keep(&mut self, key: u64, row: &[u8]) {
        let start = self.batch.len();
        self.batch.extend_from_slice(row);
        self.order.push((key, start, self.batch.len()));
        self.counts.rows += 1;
    }

    fn damage(&mut self, row: &[u8], way: u32, out: &mut Vec<u8>) {
        let json = self.shape == Shape::Json;
        let between: &[u8] = if json { b"\":\"" } else { b"\",\"" };
        let Some(first) = find(row, between) else { return out.extend_from_slice(row) };
        let rest = &row[first + between.len()..];
        match way {
            0 if !json => {
                self.counts.broken_quote += 1;
                out.extend_from_slice(&row[..first + between.len()]);
                out.push(b'"');
                out.extend_from_slice(rest);
            }
            1 => {
                self.counts.undecodable += 1;
                out.extend_from_slice(&row[..first + between.len()]);
                out.push(0xFF);
                out.extend_from_slice(rest);
            }
            2 => {
                self.counts.missing_id += 1;
                if json {
                    let end = rest.iter().position(|byte| *byte == b'"').unwrap_or(0);
                    out.extend_from_slice(&row[..first + 2]);
                    out.extend_from_slice(b"null");
                    out.extend_from_slice(&rest[end + 1..]);
                } else {
                    out.extend_from_slice(b"\"\",\"");
                    out.extend_from_slice(rest);
                }
            }
            _ if json => {
                self.counts.truncated += 1;
                out.extend_from_slice(&row[..row.len() * 3 / 5]);
                while out.last().is_some_and(|byte| !byte.is_ascii()) {
                    out.pop();
                }
            }
            _ => {
                self.counts.truncated += 1;
                let second = find(rest, between).map_or(row.len(), |at| first + between.len() + at);
                out.extend_from_slice(&row[..second]);
                out.push(b'"');
            }
        }
    }

    /// Writes the batch in order.
    pub(super) fn flush(&mut self) -> Result<()> {
        self.order.sort_unstable();
        for (_, start, end) in self.order.drain(..) {
            let row = &self.batch[start..end];
            match &mut self.sink {
                Sink::Plain(file) => {
                    file.write_all(row)?;
                    file.write_all(self.end_of_line)?;
                }
                Sink::Gzip(file) => {
                    file.write_all(row)?;
                    file.write_all(self.end_of_line)?;
                }
            }
        }
        self.batch.clear();
        Ok(())
    }

    /// Writes what is left, closes the file, tells its counts.
    pub(super) fn close(mut self) -> Result<FileCounts> {
        self.flush()?;
        let mut file = match self.sink {
            Sink::Plain(file) => file,
            Sink::Gzip(file) => file.finish()?,
        };
        file.flush()?;
        Ok(self.counts)
    }
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}

/// Joins fields as a CSV row, every field quoted.
pub(super) fn quoted(fields: &[&str], out: &mut String) {
    out.clear();
    for (place, field) in fields.iter().enumerate() {
        out.push_str(if place == 0 { "\"" } else { ",\"" });
        if field.contains('"') {
            out.push_str(&field.replace('"', "\"\""));
        } else {
            out.push_str(field);
        }
        out.push('"');
    }
}
