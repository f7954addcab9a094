//! What a file is: its first bytes in, packing, encoding and form out, each with its reason.

use serde::Serialize;

use crate::delimited::{self, Delimited};
use crate::encoding::{self, Encoding};
use crate::found::Found;
use crate::json::{self, Json};
use crate::rows::Table;
use crate::{Sample, fixed};

/// What a file is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Shape {
    /// Its form.
    pub form: Found<Form>,
    /// Its encoding, where it is text.
    pub encoding: Option<Found<Encoding>>,
    /// How its lines end, where it has lines.
    pub line_end: Option<Found<LineEnd>>,
    /// What is wrong with some rows, or has to be done before the file can be read.
    pub warnings: Vec<String>,
}

/// The form of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// Rows of cells.
    Delimited(Delimited),
    /// One JSON object a line.
    JsonLines,
    /// A JSON array of objects.
    JsonArray,
    /// A JSON document; the paths of its lists of objects, as `users[*]`.
    JsonDocument(Vec<String>),
    /// Records of so many bytes, without delimiters; line ends are not counted.
    Fixed(usize),
    /// Apache Parquet.
    Parquet,
    /// An Excel workbook.
    Xlsx,
    /// A ZIP archive.
    Zip,
    /// Compressed with gzip.
    Gzip,
    /// Compressed with zstd.
    Zstd,
    /// Nothing in it.
    Empty,
    /// Not understood.
    Unknown,
}

/// How lines end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LineEnd {
    /// Line feed.
    Lf,
    /// Carriage return and line feed.
    CrLf,
    /// Carriage return, as old Macs wrote it.
    Cr,
}

/// What the sample is.
pub fn shape(sample: &Sample<'_>) -> Shape {
    read(sample).0
}

/// The shape with the rows that the sample shows.
pub(crate) fn read(sample: &Sample<'_>) -> (Shape, Vec<Table>) {
    if let Some(shape) = by_magic(sample.bytes) {
        return (shape, Vec::new());
    }
    let encoding = encoding::detect(sample.bytes, sample.whole);
    let text = encoding.value.decode(sample.bytes);
    let line_end = line_end(&text);
    let of = |form, warnings| Shape { form, encoding: Some(encoding.clone()), line_end: line_end.clone(), warnings };
    if text.trim().is_empty() {
        return (of(Found::sure(Form::Empty, "nothing stands in the file"), Vec::new()), Vec::new());
    }
    if let Some(json) = json::read(&text, sample.whole) {
        let (form, tables) = of_json(json);
        return (of(form, Vec::new()), tables);
    }
    if sample.bytes.iter().filter(|b| **b == 0).count() > 0
        && !matches!(encoding.value, Encoding::Utf16Le | Encoding::Utf16Be)
    {
        return (of(Found::guess(Form::Unknown, "the bytes are no text"), Vec::new()), Vec::new());
    }
    let text =
        if line_end.as_ref().is_some_and(|end| end.value == LineEnd::Cr) { text.replace('\r', "\n") } else { text };
    if let Some(form) = delimited::detect(&text, sample.whole) {
        let (table, warnings) = delimited::table(&text, &form, sample.whole);
        let found =
            Found { sure: form.delimiter.sure, reason: form.delimiter.reason.clone(), value: Form::Delimited(form) };
        return (of(found, warnings), vec![table]);
    }
    let narrow = !matches!(encoding.value, Encoding::Utf16Le | Encoding::Utf16Be);
    let length = narrow.then(|| {
        fixed::by_lines(sample.bytes, sample.whole).or_else(|| fixed::without_lines(sample.bytes, sample.whole))
    });
    if let Some(length) = length.flatten() {
        let warning = "the file has no names of columns: places, lengths and meanings have to be told".to_owned();
        let found = Found { value: Form::Fixed(length.value), sure: length.sure, reason: length.reason };
        return (of(found, vec![warning]), Vec::new());
    }
    let form = delimited::one_column(&text, sample.whole);
    let (table, warnings) = delimited::table(&text, &form, sample.whole);
    let found = Found::guess(Form::Delimited(form), "no delimiter was found: the file has one column");
    (of(found, warnings), vec![table])
}

fn of_json(json: Json) -> (Found<Form>, Vec<Table>) {
    match json {
        Json::Lines(rows) => {
            (Found::sure(Form::JsonLines, "every line is a JSON object"), vec![json::table(None, &rows)])
        }
        Json::Array(rows) => {
            (Found::sure(Form::JsonArray, "the file is one JSON array of objects"), vec![json::table(None, &rows)])
        }
        Json::Document(lists) => {
            let paths: Vec<String> = lists.iter().map(|(path, _)| path.clone()).collect();
            let reason = format!("the file is one JSON document with {} lists of objects", paths.len());
            let tables = lists.iter().map(|(path, rows)| json::table(Some(path), rows)).collect();
            (Found::sure(Form::JsonDocument(paths), reason), tables)
        }
    }
}

/// Forms that their first bytes tell, after their specifications: Parquet `PAR1`, ZIP local file header, gzip RFC 1952,
/// zstd RFC 8878, the compound file of Office before 2007.
fn by_magic(bytes: &[u8]) -> Option<Shape> {
    let mut warnings = Vec::new();
    let form = match bytes {
        [b'P', b'A', b'R', b'1', ..] => Found::sure(Form::Parquet, "the file begins with PAR1"),
        [b'P', b'K', 3, 4, rest @ ..] => {
            // Bit 0 of the general purpose flag, two bytes after the signature: the member is encrypted.
            if rest.get(2).is_some_and(|flag| flag & 1 == 1) {
                warnings.push("a member of the archive is encrypted: it cannot be read".to_owned());
            }
            let has = |name: &[u8]| bytes.windows(name.len()).any(|window| window == name);
            if has(b"xl/workbook.xml") || has(b"xl/worksheets/") || has(b"[Content_Types].xml") {
                let reason = "the file is a ZIP archive with the parts of an Excel workbook";
                if has(b"xl/") { Found::sure(Form::Xlsx, reason) } else { Found::guess(Form::Xlsx, reason) }
            } else {
                Found::sure(Form::Zip, "the file begins as a ZIP archive does")
            }
        }
        [b'P', b'K', 5, 6, ..] => Found::sure(Form::Zip, "the file is a ZIP archive without members"),
        [0x1F, 0x8B, ..] => Found::sure(Form::Gzip, "the file begins as gzip does"),
        [0x28, 0xB5, 0x2F, 0xFD, ..] => Found::sure(Form::Zstd, "the file begins as zstd does"),
        [0xD0, 0xCF, 0x11, 0xE0, ..] => {
            warnings.push("save the workbook as .xlsx without a password, or as CSV".to_owned());
            Found::sure(Form::Unknown, "the file is an Excel workbook of before 2007, or an encrypted one")
        }
        [] => Found::sure(Form::Empty, "nothing stands in the file"),
        _ => return None,
    };
    Some(Shape { form, encoding: None, line_end: None, warnings })
}

fn line_end(text: &str) -> Option<Found<LineEnd>> {
    let crlf = text.matches("\r\n").count();
    let lf = text.matches('\n').count() - crlf;
    let cr = text.matches('\r').count() - crlf;
    let (end, name, count) = [(LineEnd::CrLf, "CR LF", crlf), (LineEnd::Lf, "LF", lf), (LineEnd::Cr, "CR", cr)]
        .into_iter()
        .max_by_key(|e| e.2)?;
    if count == 0 {
        return None;
    }
    if count == crlf + lf + cr {
        return Some(Found::sure(end, format!("every line ends in {name}")));
    }
    Some(Found::guess(end, format!("most lines end in {name}; others stand in cells, or files were glued together")))
}
