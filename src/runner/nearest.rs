//! Which column of a file is the one that a source names and the file lacks: the one whose values are what the attribute's are.
//!
//! In: a source, a file, the columns that it lacks. Out: for each a column of the file that no attribute has, whose values are phones
//! where a phone is wanted. `nayose-draft` tells what values are; none of them stands in an answer. Why: a column that was renamed in
//! one delivery has another name, and the same values.

use std::collections::BTreeMap;

use nayose_draft::Sample;

use super::sample;
use crate::config::{Pipeline, Rows, Source, Value};
use crate::error::{Error, Kind, Result};
use crate::sources::reader::{self, SourceFile};
use crate::stages::ingest::{SourceFiles, read_options};

/// What to do about columns that a file lacks, by their names; nothing where no column has such values.
pub(crate) async fn hints(source: &Source, file: &SourceFile, lacking: &[&str]) -> BTreeMap<String, (String, String)> {
    let mut found = BTreeMap::new();
    // A file that cannot be looked at has an error of its own.
    let Ok((heads, _)) = sample::head(file, sample::HEAD).await else { return found };
    let mapped = source.mapped_values().into_iter().flat_map(Value::columns).cloned().collect::<Vec<String>>();
    for head in &heads {
        let sample = Sample { name: head.name.clone(), bytes: &head.bytes, whole: head.whole };
        for table in nayose_draft::columns_without_presets(&sample) {
            for wanted in lacking {
                let attributes = attributes_of(source, wanted);
                let is_it = |c: &&nayose_draft::Column| {
                    attributes.contains(&c.meaning.kind.as_str()) && !mapped.contains(&c.name)
                };
                // What is sure first.
                let mut fitting: Vec<&nayose_draft::Column> = table.columns.iter().filter(is_it).collect();
                fitting.sort_by_key(|c| !c.sure);
                if let Some(column) = fitting.first() {
                    let (name, attribute) = (&column.name, column.meaning.kind.as_str());
                    let hint = format!(
                        "column {name:?} of the file is the {attribute} by its values: add it to `also_named` of {wanted:?}"
                    );
                    found.entry(wanted.to_string()).or_insert((name.clone(), hint));
                }
            }
        }
    }
    found
}

/// An error of reading with the hint which columns were meant, where it is that of a file that lacks some.
pub(super) async fn told(error: Error, pipeline: &Pipeline, read: &[SourceFiles]) -> Error {
    if error.kind() != Kind::Config {
        return error;
    }
    for of in read {
        let source = &pipeline.sources[of.source];
        for file in of.files.iter().filter(|file| error.message().ends_with(&format!("not in {}", file.name))) {
            let Ok(Some(lacking)) = lacking(source, file).await else { continue };
            let names: Vec<&str> = lacking.iter().map(String::as_str).collect();
            let hints: Vec<String> = hints(source, file, &names).await.into_values().map(|(_, hint)| hint).collect();
            if !hints.is_empty() {
                return Error::config(error.message()).hint(hints.join("; "));
            }
        }
    }
    error
}

/// The columns that a file lacks and may not lack; nothing where it has none of the others, as what stands in its first line may be a
/// customer.
async fn lacking(source: &Source, file: &SourceFile) -> Result<Option<Vec<String>>> {
    let options = read_options(source);
    let there = reader::columns_of(file, &options).await?;
    let lacks = |name: &&str| {
        let place = options.columns.iter().position(|column| column == name);
        place.and_then(|place| options.name_in(place, &there)).is_none()
    };
    let needed = options.needed();
    let lacking: Vec<String> = needed.iter().map(String::as_str).filter(lacks).map(str::to_string).collect();
    Ok((lacking.len() < needed.len()).then_some(lacking))
}

/// What a column of a source is mapped to.
fn attributes_of<'a>(source: &'a Source, column: &str) -> Vec<&'a str> {
    let has = |value: &Value| value.columns().iter().any(|name| *name == column);
    let mut found: Vec<&str> =
        source.columns.iter().filter(|(_, value)| has(value)).map(|(attribute, _)| attribute.as_str()).collect();
    if has(&source.record_id) {
        found.push("record_id");
    }
    let of_rows: Vec<(&str, Option<&Value>)> = match &source.holds {
        Rows::People { updated_at, registered_at } => {
            vec![("updated_at", updated_at.as_ref()), ("registered_at", registered_at.as_ref())]
        }
        Rows::Events { event_id, occurred_at, .. } => {
            vec![("event_id", Some(event_id)), ("occurred_at", occurred_at.as_ref())]
        }
        Rows::Reference { .. } => Vec::new(),
    };
    found.extend(of_rows.into_iter().filter(|(_, value)| value.is_some_and(has)).map(|(name, _)| name));
    found
}
