//! Rows and texts on stdout. A closed pipe ends the program quietly, as `head` expects.

use std::borrow::Cow;
use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch, StringArray};
use arrow::csv::WriterBuilder;
use arrow::datatypes::SchemaRef;
use arrow::ipc::writer::FileWriter;
use arrow::json::LineDelimitedWriter;
use arrow::util::pretty::pretty_format_batches;

use crate::error::{Error, Result};
use crate::tables::encode::{Lifetime, encode};
use crate::tables::nested;

/// How rows are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum RowFormat {
    /// A table for people
    Table,
    /// CSV with a header, UTF-8
    Csv,
    /// One JSON object a line
    Json,
    /// Parquet
    Parquet,
    /// Arrow IPC file
    Arrow,
}

/// How CSV is written.
#[derive(Clone, Copy, Debug, Default, clap::Args)]
pub(super) struct CsvArguments {
    /// CSV for a spreadsheet: with a byte order mark, and what would be a formula as text
    #[arg(long)]
    pub excel: bool,
}

/// Prints a text for people with a line end.
pub(super) fn print(text: &str) -> Result<()> {
    finish(writeln!(io::stdout().lock(), "{}", harmless(text)))
}

/// Refuses to write a page over a file that is none: a truth file or a pipeline that was named by mistake.
pub(super) fn refuse_other(path: &Path, page: &str, flag: &str) -> Result<()> {
    let is_page = |text: &[u8]| text.starts_with(b"<!doctype html>");
    // What is no file, such as /dev/stdout, is written through.
    if !path.is_file() {
        return Ok(());
    }
    match std::fs::read(path) {
        Ok(text) if !text.is_empty() && !is_page(&text) => {
            Err(Error::usage(format!("{} is there and is no {page}", path.display()))
                .hint(format!("name another file with {flag}")))
        }
        _ => Ok(()),
    }
}

/// Shows where something is typed.
pub(super) fn prompt(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    finish(write!(out, "{}", harmless(text)).and_then(|()| out.flush()))
}

/// The text with what a terminal would obey made visible: control characters as their pictures, marks that turn the direction of
/// writing as U+FFFD.
pub(super) fn harmless(text: &str) -> Cow<'_, str> {
    let obeyed = |c: char| {
        (c.is_control() && c != '\n' && c != '\t') || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if !text.contains(obeyed) {
        return Cow::Borrowed(text);
    }
    let shown = |c: char| match c {
        '\u{7f}' => '\u{2421}',
        c if obeyed(c) => char::from_u32(0x2400 + c as u32).filter(|_| (c as u32) < 0x20).unwrap_or('\u{fffd}'),
        c => c,
    };
    Cow::Owned(text.chars().map(shown).collect())
}

/// Prints rows.
pub(super) fn print_rows(
    batches: &[RecordBatch],
    schema: SchemaRef,
    format: RowFormat,
    csv: CsvArguments,
) -> Result<()> {
    if format == RowFormat::Table {
        return print(&pretty_format_batches(batches)?.to_string());
    }
    let bytes = bytes_of(batches, schema, format, csv)?;
    let mut stdout = io::stdout().lock();
    if format == RowFormat::Csv && stdout.is_terminal() {
        return finish(stdout.write_all(harmless(&String::from_utf8_lossy(&bytes)).as_bytes()));
    }
    finish(stdout.write_all(&bytes))
}

/// Rows in a format that programs read.
pub(super) fn bytes_of(
    batches: &[RecordBatch],
    schema: SchemaRef,
    format: RowFormat,
    csv: CsvArguments,
) -> Result<Vec<u8>> {
    if csv.excel && format != RowFormat::Csv {
        return Err(Error::usage("--excel is about CSV").hint("add --format csv, or leave --excel out"));
    }
    let mut bytes = Vec::new();
    match format {
        RowFormat::Table => bytes = pretty_format_batches(batches)?.to_string().into_bytes(),
        RowFormat::Csv => {
            let mut flat: Vec<RecordBatch> = batches.iter().map(flatten).collect::<Result<_>>()?;
            if csv.excel {
                bytes.extend("\u{feff}".as_bytes());
                flat = flat.iter().map(without_formulas).collect::<Result<_>>()?;
            }
            let mut writer = WriterBuilder::new().with_header(true).build(&mut bytes);
            if flat.is_empty() {
                writer.write(&flatten(&RecordBatch::new_empty(schema))?)?;
            }
            for batch in &flat {
                writer.write(batch)?;
            }
        }
        RowFormat::Json => {
            let mut writer = LineDelimitedWriter::new(&mut bytes);
            for batch in batches {
                writer.write(batch)?;
            }
            writer.finish()?;
        }
        RowFormat::Parquet => bytes = encode(batches, &schema, Lifetime::Published)?,
        RowFormat::Arrow => {
            let mut writer = FileWriter::try_new(&mut bytes, &schema)?;
            for batch in batches {
                writer.write(batch)?;
            }
            writer.finish()?;
        }
    }
    Ok(bytes)
}

/// A spreadsheet takes a text that begins so for a formula (OWASP, "CSV Injection"): an apostrophe before it makes it a text.
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// The text as a cell that a spreadsheet takes for a text.
pub(super) fn without_formula(text: &str) -> String {
    if text.starts_with(FORMULA) { format!("'{text}") } else { text.to_string() }
}

fn without_formulas(batch: &RecordBatch) -> Result<RecordBatch> {
    let defused = |column: &ArrayRef| -> ArrayRef {
        let Some(texts) = column.as_string_opt::<i32>() else { return column.clone() };
        Arc::new(texts.iter().map(|text| text.map(without_formula)).collect::<StringArray>())
    };
    Ok(RecordBatch::try_new(batch.schema(), batch.columns().iter().map(defused).collect())?)
}

/// CSV has no lists and structs: they are written as JSON.
fn flatten(batch: &RecordBatch) -> Result<RecordBatch> {
    use arrow::datatypes::{DataType, Field, Schema};
    let mut fields = Vec::new();
    let mut columns: Vec<ArrayRef> = Vec::new();
    for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
        if !field.data_type().is_nested() {
            fields.push(field.as_ref().clone());
            columns.push(column.clone());
            continue;
        }
        let texts = nested::as_json(field, column)?;
        fields.push(Field::new(field.name(), DataType::Utf8, true));
        columns.push(Arc::new(texts));
    }
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?)
}

fn finish(written: io::Result<()>) -> Result<()> {
    match written {
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(e) => Err(Error::environment(format!("cannot write to stdout: {e}"))),
        Ok(()) => Ok(()),
    }
}

/// An answer as one line of JSON.
pub(super) fn json(answer: &impl serde::Serialize) -> Result<String> {
    serde_json::to_string(answer).map_err(|e| Error::bug(format!("the answer cannot be written as JSON: {e}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_made_visible() {
        assert_eq!(harmless("山田\t太郎\n"), "山田\t太郎\n");
        assert_eq!(harmless("\u{1b}[2J\u{7f}\u{9b}a\u{202e}b\r"), "␛[2J␡\u{fffd}a\u{fffd}b␍");
    }

    #[test]
    fn a_spreadsheet_gets_texts_and_no_formulas() {
        let texts: ArrayRef =
            Arc::new(StringArray::from(vec![Some("=1+1"), Some("@a"), None, Some("山田"), Some("-1")]));
        let numbers: ArrayRef = Arc::new(arrow::array::Int64Array::from(vec![-1, 2, 3, 4, 5]));
        let batch = RecordBatch::try_from_iter([("a", texts), ("n", numbers)]).expect("a batch");
        let written = |excel| {
            let bytes = bytes_of(std::slice::from_ref(&batch), batch.schema(), RowFormat::Csv, CsvArguments { excel })
                .expect("CSV");
            String::from_utf8(bytes).expect("text")
        };
        assert_eq!(written(true), "\u{feff}a,n\n'=1+1,-1\n'@a,2\n,3\n山田,4\n'-1,5\n");
        assert_eq!(written(false), "a,n\n=1+1,-1\n@a,2\n,3\n山田,4\n-1,5\n");
    }
}
