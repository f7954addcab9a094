//! Records of a fixed length in bytes, as mainframes and EOS/JCA links exchange them.
//!
//! In: bytes, the length of a record and where its columns are. Out: CSV. A record is cut by its bytes and decoded
//! afterwards, because a full-width character counts as two there.

use encoding_rs::{EUC_JP, SHIFT_JIS, UTF_8};

use crate::output::Csv;
use crate::{BadRow, Problem, Text};

/// The encoding of the records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// CP932, the Shift_JIS of Windows, with half-width kana.
    Cp932,
    /// UTF-8.
    Utf8,
    /// EUC-JP.
    EucJp,
}

/// The end-of-file mark of CP/M and MS-DOS, which transfer programs still append.
const END_OF_FILE: u8 = 0x1A;

/// Records of `length` bytes as CSV with a header.
///
/// `columns` are a name, the first byte (from 1) and the number of bytes; they can overlap. If the file has a line end
/// anywhere (CR, LF or CRLF, which `length` does not count), its lines are the records; otherwise it is cut every
/// `length` bytes. Empty lines and end-of-file marks (0x1A) at the end are no records. Spaces of both widths at the ends
/// of a field are left out.
///
/// Every record gives a row. It is a [`BadRow`] if its length is another, if a column begins or ends inside a character,
/// or if bytes of a column are no characters: U+FFFD stands for these.
pub fn fixed(
    bytes: &[u8],
    length: usize,
    columns: &[(String, usize, usize)],
    encoding: Encoding,
) -> Result<Text, Problem> {
    check_columns(length, columns)?;
    let bytes = match (encoding, bytes) {
        (Encoding::Utf8, [0xEF, 0xBB, 0xBF, rest @ ..]) => rest,
        _ => bytes,
    };
    // The size is bounded by the columns and the bytes: a byte gives at most one character of three bytes.
    let mut csv = Csv::new("the file", usize::MAX);
    csv.write(columns.iter().map(|(name, ..)| name.as_str()))?;
    let mut bad = Vec::new();
    let mut starts = Vec::new();
    for (index, record) in records(bytes, length).enumerate() {
        let mut wrong = Vec::new();
        if record.len() != length {
            wrong.push(format!("its length is {} bytes instead of {length}", record.len()));
        }
        mark_starts(record, encoding, &mut starts);
        let mut fields = Vec::with_capacity(columns.len());
        for (name, start, len) in columns {
            let (from, to) = ((start - 1).min(record.len()), (start - 1 + len).min(record.len()));
            let (field, is_broken) = decoded(&record[from..to], encoding);
            if !starts[from] || !starts[to] {
                wrong.push(format!("column {name} begins or ends inside a character"));
            } else if is_broken {
                wrong.push(format!("column {name} has bytes that are no characters"));
            }
            fields.push(field);
        }
        csv.write(fields.iter().map(|field| field.trim_matches([' ', '\u{3000}'])))?;
        if !wrong.is_empty() {
            bad.push(BadRow { row: index + 1, sentence: format!("record {}: {}", index + 1, wrong.join("; ")) });
        }
    }
    Ok(Text { bytes: csv.into_bytes()?, bad, ..Text::default() })
}

fn check_columns(length: usize, columns: &[(String, usize, usize)]) -> Result<(), Problem> {
    if length == 0 {
        return Err(Problem::new("fixed: the length of a record is 0", "state its length in bytes, without line ends"));
    }
    let outside: Vec<&str> = columns
        .iter()
        .filter(|(_, start, len)| {
            *start == 0 || *len == 0 || start.checked_add(*len).is_none_or(|after| after - 1 > length)
        })
        .map(|(name, ..)| name.as_str())
        .collect();
    if outside.is_empty() && !columns.is_empty() {
        return Ok(());
    }
    let sentence = if columns.is_empty() {
        "fixed: there are no columns".to_string()
    } else {
        format!("fixed: outside the {length} bytes of a record are the columns {}", outside.join(", "))
    };
    Err(Problem::new(sentence, "a column is [start, length] in bytes; the first byte of a record is 1"))
}

/// The records of a file.
fn records(bytes: &[u8], length: usize) -> Box<dyn Iterator<Item = &[u8]> + '_> {
    let mut end = bytes.len();
    let is_line_end = |byte: &u8| matches!(byte, b'\r' | b'\n');
    // No encoding here has the bytes of line ends inside a character.
    if !bytes.iter().any(is_line_end) {
        while end > 0 && bytes[end - 1] == END_OF_FILE {
            end -= 1;
        }
        return Box::new(bytes[..end].chunks(length));
    }
    while end > 0 && (bytes[end - 1] == END_OF_FILE || is_line_end(&bytes[end - 1])) {
        end -= 1;
    }
    Box::new(bytes[..end].split(is_line_end).filter(|line| !line.is_empty()))
}

/// Which bytes of a record begin a character. One more than the bytes: its end is a beginning too.
fn mark_starts(record: &[u8], encoding: Encoding, starts: &mut Vec<bool>) {
    starts.clear();
    starts.resize(record.len() + 1, false);
    let mut at = 0;
    while at < record.len() {
        starts[at] = true;
        let width = width(&record[at..], encoding);
        at += width;
    }
    starts[record.len()] = at == record.len();
}

/// The bytes of the character at the beginning; 1 where there is none.
fn width(bytes: &[u8], encoding: Encoding) -> usize {
    let is_trail = |index: usize, from: u8, to: u8| bytes.get(index).is_none_or(|byte| (from..=to).contains(byte));
    match (encoding, bytes[0]) {
        (Encoding::Cp932, 0x81..=0x9F | 0xE0..=0xFC) if is_trail(1, 0x40, 0xFC) => 2,
        (Encoding::EucJp, 0x8E | 0xA1..=0xFE) if is_trail(1, 0xA1, 0xFE) => 2,
        (Encoding::EucJp, 0x8F) if is_trail(1, 0xA1, 0xFE) && is_trail(2, 0xA1, 0xFE) => 3,
        (Encoding::Utf8, first @ 0xC2..=0xF4) => {
            let width = if first < 0xE0 {
                2
            } else if first < 0xF0 {
                3
            } else {
                4
            };
            if (1..width).all(|index| is_trail(index, 0x80, 0xBF)) { width } else { 1 }
        }
        _ => 1,
    }
}

/// The text, and whether bytes were no characters.
fn decoded(bytes: &[u8], encoding: Encoding) -> (String, bool) {
    let encoding = match encoding {
        Encoding::Cp932 => SHIFT_JIS,
        Encoding::Utf8 => UTF_8,
        Encoding::EucJp => EUC_JP,
    };
    let (text, is_broken) = encoding.decode_without_bom_handling(bytes);
    (text.into_owned(), is_broken)
}
