//! Files that have to be unpacked before their rows can be read one after the other: members of ZIP archives, workbooks, JSON
//! documents, records of one length, UTF-16.
//!
//! In: a file and how it is written. Out: the text of its rows, whole, with the options to read it. Why whole: a workbook and a document
//! have no rows before their end is read. So there is a limit.

use std::collections::HashSet;

use nayose_formats::{
    Problem, SheetBeginning, fixed, json_rows, utf16, xlsx, xlsx_beginnings, zip_member, zip_members,
};
use tokio::io::AsyncReadExt;

use super::decompress::Input;
use super::encoding::TextEncoding;
use super::reader::{Format, ReadOptions, SourceFile};
use crate::error::{Error, Result};

/// The most bytes of a file that is read whole, packed and unpacked: a workbook of the most rows that Excel has, with forty columns,
/// has some 400 MiB.
const MOST_BYTES: usize = 512 << 20;

/// What a file is before its rows are text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unpack {
    /// Text or Parquet as it stands.
    Nothing,
    /// A JSON array of objects, or a document with one inside.
    Json {
        /// Where.
        rows: Option<String>,
    },
    /// A sheet of a workbook.
    Xlsx {
        /// Its name; the first where none is given.
        sheet: Option<String>,
        /// The line of the header.
        header: Option<usize>,
    },
    /// Records of one length.
    Fixed {
        /// Bytes of a record without its line end.
        length: usize,
        /// Name, first byte from 1, bytes.
        columns: Vec<(String, usize, usize)>,
    },
}

/// The text of a file.
pub(super) struct Unpacked {
    pub(super) bytes: Vec<u8>,
    /// How to read it.
    pub(super) options: ReadOptions,
    /// Rows from 1 that stand in it but cannot be trusted.
    pub(super) bad: HashSet<u64>,
    /// Of a workbook: the row of the sheet of each row. Empty otherwise.
    pub(super) numbers: Vec<u64>,
    /// What the owner of the file should know: a sentence each, without values.
    pub(super) warnings: Vec<String>,
}

/// The beginning of a file.
pub enum Beginning {
    /// Text, and whether it is all.
    Text(Vec<u8>, bool),
    /// A workbook, and the beginnings of its sheets.
    Workbook(Vec<u8>, Vec<SheetBeginning>),
}

/// Whether a file is named as a ZIP archive.
pub fn is_archive(name: &str) -> bool {
    name.len() > 4 && name.as_bytes()[name.len() - 4..].eq_ignore_ascii_case(b".zip")
}

/// The members of an archive that a glob names, as files of their own.
///
/// # Errors
/// Data, where it is no archive or a member is encrypted; configuration, where no member has such a name.
pub async fn members(file: &SourceFile, glob: Option<&str>) -> Result<Vec<SourceFile>> {
    let bytes = whole(file).await?;
    let all = zip_members(&bytes).map_err(|problem| told(&file.name, problem))?;
    let glob = globset::Glob::new(glob.unwrap_or("**"))
        .map_err(|e| Error::config(format!("member {:?} is not a glob: {}", e.glob().unwrap_or_default(), e.kind())))?
        .compile_matcher();
    let found: Vec<SourceFile> = all
        .iter()
        .filter(|member| glob.is_match(&member.name))
        .map(|member| SourceFile {
            name: format!("{}/{}", file.name, member.name),
            member: Some(member.name.clone()),
            ..SourceFile::new(file.store.clone(), file.meta.clone(), "")
        })
        .collect();
    if found.is_empty() {
        let names: Vec<&str> = all.iter().map(|member| member.name.as_str()).take(10).collect();
        return Err(Error::config(format!("no member of {} is named like `member`", file.name))
            .hint(format!("it has {}", names.join(", "))));
    }
    Ok(found)
}

/// Rows of each sheet of a workbook that are looked at.
const SHEET_ROWS: usize = 2000;

/// The first bytes of a file as text, without gzip, zstd and ZIP; a JSON document as a whole, and of a workbook the first rows of all
/// sheets.
///
/// # Errors
/// Data, where it cannot be unpacked.
pub async fn beginning(file: &SourceFile, most: usize) -> Result<Beginning> {
    let mut bytes = Vec::new();
    if let Some(member) = &file.member {
        bytes = zip_member(&whole(file).await?, member, MOST_BYTES).map_err(|problem| told(&file.name, problem))?;
    } else {
        let mut input = Input::open(file).await?;
        let read = (&mut input.reader).take(most as u64 + 1).read_to_end(&mut bytes).await;
        read.map_err(|error| input.explain(error, 0))?;
    }
    if bytes.starts_with(b"PK\x03\x04") && file.name.to_lowercase().ends_with(".xlsx") {
        let book = if file.member.is_some() { bytes } else { whole(file).await? };
        let sheets = xlsx_beginnings(&book, SHEET_ROWS, MOST_BYTES).map_err(|problem| told(&file.name, problem))?;
        return Ok(Beginning::Workbook(book, sheets));
    }
    // A document makes sense as a whole, and has its first row where its first line is no object.
    let first = bytes.iter().position(|byte| !byte.is_ascii_whitespace()).map(|at| bytes[at]);
    let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let is_document = match first {
        Some(b'[') => true,
        Some(b'{') => serde_json::from_slice::<serde::de::IgnoredAny>(line).is_err(),
        _ => false,
    };
    if is_document && bytes.len() > most && file.member.is_none() {
        return Ok(Beginning::Text(whole(file).await?, true));
    }
    let all = bytes.len() <= most || is_document;
    if !all {
        bytes.truncate(most);
    }
    Ok(Beginning::Text(bytes, all))
}

/// Whether a sheet with its header in this line can be read by a run; without a line it has none.
///
/// # Errors
/// Data, with the cell that is in the way.
pub fn check_sheet(file: &str, book: &[u8], sheet: &str, header: Option<usize>) -> Result<()> {
    xlsx(book, Some(sheet), header.unwrap_or(0), MOST_BYTES).map(|_| ()).map_err(|problem| told(file, problem))
}

/// Why no sheet of a workbook can be read: what is wrong with the first.
pub fn no_sheet(file: &str, sheets: Vec<SheetBeginning>) -> Error {
    let problem = sheets.into_iter().find_map(|sheet| sheet.text.err());
    problem.map_or_else(
        || {
            Error::data(format!("{file}: the workbook has no sheet that is not hidden"))
                .hint("show the sheet in Excel, and save")
        },
        |problem| told(file, problem),
    )
}

/// The text of a file that cannot be read as it stands; none where it can.
pub(super) async fn unpack(file: &SourceFile, options: &ReadOptions) -> Result<Option<Unpacked>> {
    let utf16_text = options.encoding == TextEncoding::Utf16;
    if options.unpack == Unpack::Nothing && file.member.is_none() && !utf16_text {
        return Ok(None);
    }
    if options.format == Format::Parquet {
        return Err(Error::config(format!("{} is Parquet inside an archive", file.name)).hint("unpack the archive"));
    }
    let told = |problem| told(&file.name, problem);
    let mut bytes = whole(file).await?;
    if let Some(member) = &file.member {
        bytes = zip_member(&bytes, member, MOST_BYTES).map_err(told)?;
    }
    let mut options = options.clone();
    let encoding = options.encoding;
    if utf16_text && !matches!(options.unpack, Unpack::Xlsx { .. }) {
        bytes = utf16(&bytes).map_err(told)?;
        options.encoding = TextEncoding::Utf8;
    }
    let text = match std::mem::replace(&mut options.unpack, Unpack::Nothing) {
        Unpack::Nothing => {
            return Ok(Some(Unpacked {
                bytes,
                options,
                bad: HashSet::new(),
                numbers: Vec::new(),
                warnings: Vec::new(),
            }));
        }
        Unpack::Json { rows } => {
            let bytes = decoded(bytes, options.encoding, &file.name)?;
            json_rows(&bytes, rows.as_deref(), MOST_BYTES).map_err(told)?
        }
        Unpack::Xlsx { sheet, header } => {
            let text = xlsx(&bytes, sheet.as_deref(), header.unwrap_or(0), MOST_BYTES).map_err(told)?;
            options.header = header.map(|_| 1);
            text
        }
        Unpack::Fixed { length, columns } => {
            let encoding = match encoding {
                TextEncoding::Cp932 => nayose_formats::Encoding::Cp932,
                TextEncoding::EucJp => nayose_formats::Encoding::EucJp,
                TextEncoding::Utf8 | TextEncoding::Utf16 => nayose_formats::Encoding::Utf8,
            };
            fixed(&bytes, length, &columns, encoding).map_err(told)?
        }
    };
    options.encoding = TextEncoding::Utf8;
    (options.delimiter, options.quotes) = (b',', true);
    Ok(Some(Unpacked {
        bytes: text.bytes,
        options,
        bad: text.bad.iter().map(|bad| bad.row as u64).collect(),
        numbers: text.rows.iter().map(|row| *row as u64).collect(),
        warnings: text.warnings,
    }))
}

/// All bytes of a file, without gzip and zstd.
async fn whole(file: &SourceFile) -> Result<Vec<u8>> {
    let mut input = Input::open(file).await?;
    let mut bytes = Vec::new();
    let read = (&mut input.reader).take(MOST_BYTES as u64 + 1).read_to_end(&mut bytes).await;
    read.map_err(|error| input.explain(error, 0))?;
    if bytes.len() > MOST_BYTES {
        return Err(Error::config(format!(
            "{} has more than {} MiB, and is read as a whole",
            file.name,
            MOST_BYTES >> 20
        ))
        .hint("deliver it as CSV or JSON lines in UTF-8, or in several files"));
    }
    Ok(bytes)
}

/// A document in UTF-8.
fn decoded(bytes: Vec<u8>, encoding: TextEncoding, name: &str) -> Result<Vec<u8>> {
    if encoding == TextEncoding::Utf8 {
        return Ok(bytes);
    }
    let mut text = String::new();
    match encoding.decode(&bytes, &mut text) {
        true => Ok(text.into_bytes()),
        false => Err(Error::data(format!("{name} is not {}", encoding.name())).hint("check `encoding`")),
    }
}

fn told(name: &str, problem: Problem) -> Error {
    let sentence = problem.sentence.strip_prefix(&format!("{name}: ")).unwrap_or(&problem.sentence);
    Error::data(format!("{name}: {sentence}")).hint(problem.hint)
}
