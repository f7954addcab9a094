//! The beginnings of files, for a first look at a folder of exports: `nayose init`.
//!
//! In: a folder or a URL. Out: the first bytes of its files as text, whatever they are packed in, under names that say so:
//! `orders.zip/orders.csv`, `members.xlsx`. Of files whose names differ by digits alone some are looked at, so that ten years of
//! daily deliveries cost no more than a week of them. Columns that a person is asked about are read whole.

use std::collections::BTreeMap;

use arrow::array::{Array, AsArray};
use futures::TryStreamExt;
use nayose_draft::{ClosedSet, Sample};

use super::inputs;
use crate::config::{Pipeline, Source};
use crate::error::Result;
use crate::sources::reader::{self, Format, META_COLUMNS, ReadOptions, SourceFile, TextEncoding};
use crate::sources::unpack::{self, Beginning};
use crate::stages::ingest::read_options;
use crate::store::Location;

/// First bytes of a file that are looked at: some thousand rows.
pub(super) const HEAD: usize = 1 << 20;

/// Files of one name, digits aside, of which the first bytes are looked at; of more than [`WELL`] only the header and some rows.
const ALIKE: usize = 200;
const WELL: usize = 3;
const SHORT: usize = 16 << 10;

/// The beginning of a file.
pub(crate) struct Head {
    /// Its name below the folder.
    pub(crate) name: String,
    /// Its first bytes, as text where it is packed.
    pub(crate) bytes: Vec<u8>,
    /// Whether these are all.
    pub(crate) whole: bool,
}

/// What was found in a folder.
#[derive(Default)]
pub(crate) struct Heads {
    /// Files with their first bytes.
    pub(crate) heads: Vec<Head>,
    /// Files that could not be looked at, and why.
    pub(crate) refused: Vec<(String, String)>,
    /// What was chosen among several things: a sheet of a workbook.
    pub(crate) notes: Vec<(String, String)>,
    /// Files that were there, and their bytes.
    pub(crate) files: usize,
    pub(crate) size: u64,
}

/// The beginnings of the files below a folder.
///
/// # Errors
/// Environment, where the folder cannot be listed.
pub(crate) async fn heads(folder: &Location) -> Result<Heads> {
    let (store, _) = folder.open()?;
    let mut alike: BTreeMap<String, Vec<SourceFile>> = BTreeMap::new();
    let mut found = Heads::default();
    let listed = folder.glob("**").await?;
    // What nayose wrote itself is no export.
    let lakes: Vec<String> = listed
        .iter()
        .filter_map(|(name, _)| Some(name.split_once("tables/")?).filter(|(_, below)| below.contains("/_delta_log/")))
        .map(|(lake, _)| lake.to_string())
        .collect::<std::collections::BTreeSet<_>>()
        .into_iter()
        .filter(|lake| !lake.is_empty())
        .collect();
    for (name, meta) in listed {
        let hidden = name.split('/').any(|part| part.starts_with('.') || part.starts_with('~'));
        let other = [".yaml", ".yml", ".sql", ".md"].iter().any(|end| name.to_lowercase().ends_with(end));
        if hidden || other || lakes.iter().any(|lake| name.starts_with(lake)) {
            continue;
        }
        if meta.size == 0 {
            found.refused.push((name, "nothing stands in the file".to_string()));
            continue;
        }
        found.files += 1;
        found.size += meta.size;
        let pattern: String = name.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
        alike.entry(pattern).or_default().push(SourceFile::new(store.clone(), meta, name));
    }
    for mut files in alike.into_values() {
        if files.len() > ALIKE {
            let left = files.len() - ALIKE;
            let first = files[ALIKE - 1].name.clone();
            found.refused.push((first, format!("this and {} more files of such a name were not looked at", left - 1)));
            files.drain(ALIKE - 1..files.len() - 1);
        }
        let last = files.len() - 1;
        for (place, file) in files.into_iter().enumerate() {
            let most = if place < WELL - 1 || place == last { HEAD } else { SHORT };
            match head(&file, most).await {
                Ok((heads, notes)) => {
                    found.heads.extend(heads);
                    found.notes.extend(notes);
                }
                Err(error) => found.refused.push((file.name.clone(), error.message().to_string())),
            }
        }
    }
    found.heads.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

/// The beginnings in a file, and what was chosen.
pub(super) async fn head(file: &SourceFile, most: usize) -> Result<(Vec<Head>, Vec<(String, String)>)> {
    let (mut heads, mut notes) = (Vec::new(), Vec::new());
    let files = match unpack::is_archive(&file.name) {
        true => unpack::members(file, None).await?,
        false => vec![file.clone()],
    };
    for file in files {
        let name = file.name.clone();
        match unpack::beginning(&file, most).await? {
            Beginning::Text(bytes, _) if bytes.starts_with(b"PAR1") && file.member.is_none() => {
                heads.push(Head { name, bytes: parquet_as_csv(&file).await?, whole: false });
            }
            Beginning::Text(bytes, whole) => heads.push(Head { name, bytes, whole }),
            Beginning::Workbook(book, sheets) => {
                let (head, note) = sheet(&name, &book, sheets)?;
                heads.push(head);
                notes.extend(note.map(|note| (name, note)));
            }
        }
    }
    Ok((heads, notes))
}

/// The sheet of a workbook that has the data, and the sentence that tells it where there are several.
fn sheet(file: &str, book: &[u8], sheets: Vec<nayose_formats::SheetBeginning>) -> Result<(Head, Option<String>)> {
    let of_sheet = |sheet: &nayose_formats::SheetBeginning| format!("{file}/{}", sheet.name);
    let several = sheets.len() > 1;
    let (readable, broken): (Vec<_>, Vec<_>) = sheets.into_iter().partition(|sheet| sheet.text.is_ok());
    let samples: Vec<Sample<'_>> = readable
        .iter()
        .map(|sheet| Sample {
            name: of_sheet(sheet),
            bytes: sheet.text.as_deref().unwrap_or_default(),
            whole: sheet.whole,
        })
        .collect();
    let Some(chosen) = nayose_draft::sheet_with_data(&samples) else { return Err(unpack::no_sheet(file, broken)) };
    let found = &readable[chosen.place];
    unpack::check_sheet(file, book, &found.name, chosen.header)?;
    let others: Vec<&str> = chosen.others.iter().map(|place| readable[*place].name.as_str()).collect();
    let more = match others.as_slice() {
        [] => String::new(),
        others => format!("; {} look like data too, and a source with `sheet:` reads them", others.join(", ")),
    };
    let note =
        several.then(|| format!("the sheet {} of {} has the data{more}", found.name, readable.len() + broken.len()));
    let name = if several { of_sheet(found) } else { file.to_string() };
    Ok((Head { name, bytes: found.text.clone().unwrap_or_default(), whole: found.whole }, note))
}

/// The first rows of a Parquet file as CSV.
async fn parquet_as_csv(file: &SourceFile) -> Result<Vec<u8>> {
    let none = ReadOptions::new(Format::Parquet, TextEncoding::Utf8, Vec::new(), Vec::new());
    let columns = reader::columns_of(file, &none).await?;
    // Below lists and maps there are no columns that nayose reads.
    let below_list = |name: &String| [".list.", ".key_value.", ".array"].iter().any(|part| name.contains(part));
    let columns: Vec<String> = columns.into_iter().filter(|name| !below_list(name)).collect();
    let options =
        ReadOptions { batch_rows: 2000, ..ReadOptions::new(Format::Parquet, TextEncoding::Utf8, columns, Vec::new()) };
    let columns = options.columns.clone();
    let mut rows = reader::read(file.clone(), options.into());
    let mut csv = csv::Writer::from_writer(Vec::new());
    let failed = |e: csv::Error| crate::error::Error::bug(format!("rows cannot be written as CSV: {e}"));
    csv.write_record(&columns).map_err(failed)?;
    if let Some(batch) = rows.try_next().await? {
        for row in 0..batch.num_rows() {
            let cells = batch.columns().iter().skip(META_COLUMNS.len()).map(|column| {
                let column = column.as_string::<i32>();
                if column.is_valid(row) { column.value(row) } else { "" }
            });
            csv.write_record(cells).map_err(failed)?;
        }
    }
    csv.into_inner().map_err(|e| crate::error::Error::bug(format!("rows cannot be written as CSV: {e}")))
}

/// The values of some columns of a source, of all rows of all its files.
///
/// # Errors
/// Whatever reading fails with.
pub(crate) async fn closed_sets(pipeline: &Pipeline, source: &Source, columns: &[String]) -> Result<Vec<ClosedSet>> {
    let mut sets: Vec<ClosedSet> = columns.iter().map(|_| ClosedSet::default()).collect();
    let options = read_options(source);
    let optional = (0..columns.len()).collect();
    let also_named = columns.iter().map(|column| source.also_named.get(column).cloned().unwrap_or_default()).collect();
    let options = ReadOptions { columns: columns.to_vec(), required: Vec::new(), optional, also_named, ..options };
    let options = std::sync::Arc::new(options);
    for file in inputs::matching(pipeline, source, &source.files, None, source.may_be_empty).await? {
        let mut rows = reader::read(file, options.clone());
        while let Some(batch) = rows.try_next().await? {
            let read = batch.column(2);
            for (set, column) in sets.iter_mut().zip(batch.columns().iter().skip(META_COLUMNS.len())) {
                let column = column.as_string::<i32>();
                for row in (0..batch.num_rows()).filter(|row| read.is_null(*row)) {
                    set.add(if column.is_valid(row) { column.value(row) } else { "" });
                }
            }
        }
    }
    Ok(sets)
}
