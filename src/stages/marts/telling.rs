//! What the marts tell in the report of a run.
//!
//! In: the rows of a mart, the sentences of its head. Out: the sentences with the values of the first rows in order of the key. A row that
//! lacks a value tells nothing: what is not known is no figure.

use arrow::array::{Array, RecordBatch};
use arrow::datatypes::DataType;
use datafusion::logical_expr::{cast, ident};
use datafusion::prelude::DataFrame;

use crate::config::SqlFile;
use crate::config::telling::Piece;
use crate::error::Result;
use crate::lake::results::MartTold;
use crate::tables::columns;
use crate::tables::contract::{Table, Type};

/// Rows of a mart that are told: a report is read by people.
const MOST: usize = 10;

/// What a mart tells.
///
/// # Errors
/// As the engine says, where its rows cannot be read.
pub(crate) async fn told(rows: DataFrame, table: &Table, mart: &SqlFile) -> Result<Vec<MartTold>> {
    let mut found = Vec::new();
    let tellings = mart.head.as_ref().map(|head| head.report.as_slice()).unwrap_or_default();
    if tellings.is_empty() {
        return Ok(found);
    }
    let key = table.key.iter().map(|name| ident(*name).sort(true, false)).collect();
    let rows = rows.sort(key)?.limit(0, Some(MOST))?;
    for telling in tellings {
        let names = telling.columns();
        let read =
            |name: &&str| cast(ident(*name), if is_measured(table, name) { DataType::Float64 } else { DataType::Utf8 });
        let places: Vec<_> = names.iter().map(|name| read(name).alias(*name)).collect();
        for batch in rows.clone().select(places)?.collect().await? {
            for row in 0..batch.num_rows() {
                if let (Some(ja), Some(en)) = (filled(&telling.ja, &batch, row)?, filled(&telling.en, &batch, row)?) {
                    found.push(MartTold { mart: mart.name.clone(), ja, en });
                }
            }
        }
    }
    Ok(found)
}

/// Whether a column is read as a number with a fraction.
fn is_measured(table: &Table, name: &str) -> bool {
    let of = table.columns.iter().find(|column| column.name == name);
    of.is_some_and(|column| [Type::Double, Type::Amount, Type::Long, Type::Integer].contains(&column.data_type))
}

/// A sentence with the values of a row; none where one is lacking.
fn filled(pieces: &[Piece], batch: &RecordBatch, row: usize) -> Result<Option<String>> {
    let mut text = String::new();
    for piece in pieces {
        match piece {
            Piece::Text(words) => text += words,
            Piece::Value { column, is_share } => {
                let Some(values) = batch.column_by_name(column).filter(|values| !values.is_null(row)) else {
                    return Ok(None);
                };
                match values.data_type() {
                    DataType::Float64 => text += &number(columns::doubles(values)?.value(row), *is_share),
                    _ => text += columns::strings(values)?.value(row),
                }
            }
        }
    }
    Ok(Some(text))
}

/// A number as people read it.
fn number(value: f64, is_share: bool) -> String {
    match is_share {
        true => format!("{:.1} %", value * 100.0),
        false if value.fract() == 0.0 => format!("{value:.0}"),
        false => format!("{value:.2}"),
    }
}
