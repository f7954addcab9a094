//! The columns of a file against the columns that are wanted.
//!
//! In: the names that a file has and those that are wanted. Out: where each wanted column is, or an error that helps.
//! A file that has no header shows a customer where the names should be: its first line is quoted only when at least one
//! wanted column is in it.

use super::encoding::TextEncoding;
use super::reader::{Format, ReadOptions};
use crate::error::{Error, Result};

/// How alike two names are that may be meant for each other.
const NEAR: f64 = 0.75;

/// The most names that a hint lists.
const LISTED: usize = 30;

/// The position of each wanted column; none for one that the file may lack. A name that is there twice is an error, unless it
/// is empty.
pub(super) fn locate(names: &[String], options: &ReadOptions, file: &str) -> Result<Vec<Option<usize>>> {
    let wanted = &options.columns;
    for (position, name) in names.iter().enumerate() {
        if !name.is_empty() && wanted.contains(name) && names[..position].contains(name) {
            return Err(
                Error::config(format!("column {name} is in {file} twice")).hint("give one of them another name")
            );
        }
    }
    let mut found = Vec::new();
    let mut missing = Vec::new();
    for (i, column) in wanted.iter().enumerate() {
        let there = options.name_in(i, names);
        let position = names.iter().position(|name| Some(name.as_str()) == there);
        if position.is_none() && !options.optional.contains(&i) {
            missing.push(column.as_str());
        }
        found.push(position);
    }
    if missing.is_empty() {
        return Ok(found);
    }
    let message = match missing.as_slice() {
        [one] => format!("column {one} is not in {file}"),
        many => format!("columns {} are not in {file}", many.join(", ")),
    };
    let are_names = options.format == Format::Parquet || found.iter().any(Option::is_some);
    Err(Error::config(message).hint(hint(names, &missing, are_names)))
}

fn hint(names: &[String], missing: &[&str], are_names: bool) -> String {
    let mut near: Vec<(f64, &str)> = names
        .iter()
        .flat_map(|name| missing.iter().map(move |column| (name.as_str(), *column)))
        // Where no header was seen, what stands there may be a customer: then only a longer form of the name that is wanted.
        .filter(|(name, column)| are_names || name.contains(column))
        .map(|(name, column)| (strsim::jaro_winkler(name, column), name))
        .filter(|(likeness, _)| *likeness >= NEAR)
        .collect();
    near.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut near: Vec<&str> = near.into_iter().map(|(_, name)| name).collect();
    near.dedup();
    near.truncate(3);
    if !near.is_empty() {
        return format!("did you mean {}?", near.join(" or "));
    }
    if !are_names {
        return "none of the wanted columns is in its first line: check `encoding` and `format`, \
                and that the file has a header"
            .to_string();
    }
    let more = if names.len() > LISTED { ", …" } else { "" };
    let listed: Vec<&str> = names.iter().take(LISTED).map(String::as_str).collect();
    format!("it has {}{more}", listed.join(", "))
}

/// The names in the header row, whose fields are `fields`.
pub(super) fn decode(fields: &[Vec<u8>], options: &ReadOptions, file: &str) -> Result<Vec<String>> {
    let encoding = options.encoding;
    let names = decode_all(fields, encoding);
    let wanted: Vec<usize> = (0..options.columns.len()).filter(|i| !options.optional.contains(i)).collect();
    let fits = |names: &[String]| wanted.iter().all(|column| options.name_in(*column, names).is_some());
    if names.as_deref().is_some_and(fits) {
        return Ok(names.unwrap_or_default());
    }
    let other = TextEncoding::ALL.into_iter().find(|&other| {
        !wanted.is_empty() && other != encoding && decode_all(fields, other).as_deref().is_some_and(fits)
    });
    match (names, other) {
        (_, Some(other)) => Err(Error::config(format!("the header of {file} is not {}", encoding.name()))
            .hint(format!("it reads well as {0}: set `encoding: {0}`", other.name()))),
        (None, None) => Err(Error::config(format!("the header of {file} is not {}", encoding.name()))
            .hint("check `encoding`: utf-8, cp932 or euc-jp")),
        // Where a column is missing, `locate` says which.
        (Some(names), None) => Ok(names),
    }
}

fn decode_all(fields: &[Vec<u8>], encoding: TextEncoding) -> Option<Vec<String>> {
    let one = |field: &Vec<u8>| {
        let mut name = String::new();
        encoding.decode(field, &mut name).then_some(name)
    };
    fields.iter().map(one).collect()
}
