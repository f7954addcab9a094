//! Every table that nayose writes: columns, types, nullability, key, order and comments in two languages.
//!
//! In: nothing. Out: [`Table`]s as plain data, and [`check`], which holds a schema against one. A table is checked when
//! it is written and when it is read, so that a stage never sees a shape that it does not expect. Column names are
//! spelled in this folder only; code elsewhere uses the constants of [`col`].

mod facts;
mod marts;
mod page;
mod profile;
mod published;
mod segments;
mod work;

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef, TimeUnit};

use crate::error::{Error, Result};

pub(crate) use facts::{INTERACTION, INTERACTION_ORDER, MEDIUM_SPEND, PRODUCT, REFERENCE_TABLES, STORE};
pub(crate) use marts::{CHECKS, MARTS, head_of, of_pipeline, of_text, without_head};
pub(crate) use page::{page, words as type_in_words};
pub(crate) use profile::profile;
pub(crate) use published::*;
pub(crate) use segments::{MAIL_LIST, SEGMENT, SEGMENT_MEMBER, SEGMENT_TABLES};
pub(crate) use work::*;

pub(crate) mod col;

/// The time zone of every published instant.
pub(crate) const TIME_ZONE: &str = "UTC";

/// Digits of an amount: sixteen before the point are ten thousand times the sales of the largest retailer in yen, and their sum over all
/// facts still fits the engine's 38.
pub(crate) const AMOUNT_DIGITS: u8 = 20;

/// Digits of an amount behind the point: four, as prices of a gram or a litre have, and currencies have two or three (ISO 4217).
pub(crate) const AMOUNT_SCALE: i8 = 4;

/// A column type, as plain data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    /// UTF-8 text.
    Text,
    /// 32-bit integer.
    Integer,
    /// 64-bit integer.
    Long,
    /// 64-bit floating point.
    Double,
    /// An exact amount of money: [`AMOUNT_DIGITS`], [`AMOUNT_SCALE`] of them behind the point.
    Amount,
    /// True or false.
    Boolean,
    /// Days since 1970-01-01.
    Date,
    /// Microseconds since 1970-01-01 UTC.
    Timestamp,
    /// A list of one type.
    List(&'static Type),
    /// Named fields, each nullable.
    Struct(&'static [(&'static str, Type)]),
}

impl Type {
    /// The Arrow type.
    pub(crate) fn arrow(self) -> DataType {
        match self {
            Type::Text => DataType::Utf8,
            Type::Integer => DataType::Int32,
            Type::Long => DataType::Int64,
            Type::Double => DataType::Float64,
            Type::Amount => DataType::Decimal128(AMOUNT_DIGITS, AMOUNT_SCALE),
            Type::Boolean => DataType::Boolean,
            Type::Date => DataType::Date32,
            Type::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, Some(TIME_ZONE.into())),
            Type::List(item) => DataType::List(Arc::new(item_field(item.arrow()))),
            Type::Struct(fields) => DataType::Struct(struct_fields(fields)),
        }
    }
}

/// The field of a list's items, named as DataFusion names it.
pub(crate) fn item_field(data_type: DataType) -> Field {
    Field::new("item", data_type, true)
}

/// The Arrow fields of a struct type.
pub(crate) fn struct_fields(fields: &[(&str, Type)]) -> Fields {
    fields.iter().map(|(name, t)| Field::new(*name, t.arrow(), true)).collect()
}

/// What the analyst's profile has of a column. A column is hidden until somebody says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shown {
    /// Nothing.
    Hidden,
    /// The value: it says neither who a person is nor how to reach them.
    Plain,
    /// A keyed hash of the value: an id, other for each purpose.
    Keyed,
    /// The ten years of age that the date falls into, as [`col::AGE_BAND`].
    AgeBand,
}

/// A column of a table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub data_type: Type,
    /// Whether a row may lack it.
    pub nullable: bool,
    /// What it means, in Japanese.
    pub ja: &'static str,
    /// What it means, in English.
    pub en: &'static str,
    /// What the analyst's profile has of it.
    pub shown: Shown,
}

impl Column {
    /// The column, shown in the analyst's profile as it is.
    pub(crate) const fn plain(self) -> Self {
        Column { shown: Shown::Plain, ..self }
    }

    /// The column, shown in the analyst's profile as a keyed hash.
    pub(crate) const fn keyed(self) -> Self {
        Column { shown: Shown::Keyed, ..self }
    }

    /// The column, shown in the analyst's profile as an age band.
    pub(crate) const fn age_band(self) -> Self {
        Column { shown: Shown::AgeBand, ..self }
    }
}

/// A column that every row has.
pub(crate) const fn required(name: &'static str, data_type: Type, ja: &'static str, en: &'static str) -> Column {
    Column { name, data_type, nullable: false, ja, en, shown: Shown::Hidden }
}

/// A column that a row may lack.
pub(crate) const fn optional(name: &'static str, data_type: Type, ja: &'static str, en: &'static str) -> Column {
    Column { name, data_type, nullable: true, ja, en, shown: Shown::Hidden }
}

/// A table: what a row is, its columns, its key. Rows are ordered by the key.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Table {
    /// Its name.
    pub name: &'static str,
    /// What a row is, in Japanese.
    pub ja: &'static str,
    /// What a row is, in English.
    pub en: &'static str,
    /// The columns that identify a row, in the order in which rows are sorted.
    pub key: &'static [&'static str],
    /// The columns in order.
    pub columns: &'static [Column],
}

impl Table {
    /// A table that promises nothing: its columns are those of its rows. Its name lives as long as the process: there are as many as its
    /// pipelines have marts and lists.
    pub(crate) fn without_contract(name: &str) -> Self {
        Table { name: String::from(name).leak(), ja: "", en: "", key: &[], columns: &[] }
    }

    /// The Arrow schema, with the comments as field metadata.
    pub(crate) fn schema(&self) -> SchemaRef {
        let fields: Vec<Field> = self
            .columns
            .iter()
            .map(|c| {
                Field::new(c.name, c.data_type.arrow(), c.nullable)
                    .with_metadata([("comment".to_string(), format!("{} / {}", c.ja, c.en))].into())
            })
            .collect();
        Arc::new(Schema::new(fields))
    }
}

/// Every table that a reader sees, in the order of the documentation.
pub(crate) fn published() -> Vec<&'static Table> {
    let mut tables: Vec<&'static Table> = published::ALL.to_vec();
    tables.extend(marts::all());
    tables.extend(SEGMENT_TABLES);
    tables
}

/// The published table of that name.
pub(crate) fn find(name: &str) -> Option<&'static Table> {
    published().into_iter().find(|t| t.name == name)
}

/// Whether a published table is a mart: one that ships, one of a pipeline's own, or one of its segments.
pub(crate) fn is_mart(name: &str) -> bool {
    !published::ALL.iter().any(|table| table.name == name)
}

/// Whether a mart of this name is published. What begins with `_` is there for other marts: a definition that they share.
pub(crate) fn is_published(mart: &str) -> bool {
    !mart.starts_with('_')
}

/// Holds the shape of data against the contract: same columns, same order, same types.
///
/// # Errors
/// A bug error that names the table and the first column that differs.
pub(crate) fn check(table: &Table, schema: &Schema) -> Result<()> {
    let expected = table.schema();
    for (i, want) in expected.fields().iter().enumerate() {
        let Some(have) = schema.fields().get(i) else {
            return Err(Error::bug(format!("table {} lacks column {}", table.name, want.name())));
        };
        if have.name() != want.name() || !have.data_type().equals_datatype(want.data_type()) {
            return Err(Error::bug(format!(
                "column {} of table {} should be {} {} but is {} {}",
                i + 1,
                table.name,
                want.name(),
                want.data_type(),
                have.name(),
                have.data_type()
            )));
        }
    }
    match schema.fields().get(expected.fields().len()) {
        Some(extra) => Err(Error::bug(format!("table {} has an extra column {}", table.name, extra.name()))),
        None => Ok(()),
    }
}
