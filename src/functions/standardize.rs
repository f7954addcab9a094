//! `standardize(versions)`: all rows of a record, as a list of structs of `raw_record`'s columns, to one standardized record.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, Int32Builder, Int64Array, Int64Builder, ListArray, StringArray, StringBuilder, StructArray,
    TimestampMicrosecondArray, TimestampMicrosecondBuilder,
};
use arrow::datatypes::{DataType, Field, Fields};
use datafusion::error::Result;
use datafusion::logical_expr::ScalarUDF;

use super::person::{NamedItems, PersonColumns, TextItems, TextLists, list, struct_list};
use super::recipe::Recipe;
use super::{costly_function, in_pieces, made_from};
use crate::tables::columns;
use crate::tables::contract::{PAST_VALUE, PLACE, RAW_RECORD, STANDARD_RECORD, TIME_ZONE, Type, col, item_field};
use nayose_matching::record::{RawVersion, Standardizer};

/// Columns of a raw row that say nothing about who it is.
pub(crate) const OUTSIDE: [&str; 6] =
    [col::SOURCE, col::CHANNEL, col::RECORD_ID, col::REJECT_REASON, col::REJECT_RAW, col::CONSENT];

/// The fields of a version: what a raw row says of who it is.
pub(crate) fn version_fields() -> Fields {
    let columns = RAW_RECORD.columns.iter().filter(|c| !OUTSIDE.contains(&c.name));
    columns.map(|c| Field::new(c.name, c.data_type.arrow(), true)).collect()
}

/// The function for one pipeline.
pub(crate) fn standardize(standardizer: Arc<Standardizer>) -> ScalarUDF {
    let argument = DataType::List(Arc::new(item_field(DataType::Struct(version_fields()))));
    let fields: Fields = STANDARD_RECORD
        .columns
        .iter()
        .filter(|c| ![col::ROW, col::CHANNEL, col::RECORD_ID].contains(&c.name))
        .map(|c| Field::new(c.name, c.data_type.arrow(), true))
        .collect();
    let result = DataType::Struct(fields.clone());
    let recipe = Recipe::Standardize((*standardizer).clone());
    let function = costly_function("standardize", vec![argument], result, move |columns| {
        let lists = columns::lists(&columns[0])?;
        in_pieces(lists.len(), |rows| {
            let columns = records(&standardizer, lists, rows)?;
            Ok(Arc::new(StructArray::try_new(fields.clone(), columns, None)?))
        })
    });
    made_from(&recipe, &function)
}

/// The records of some rows, standardized: the columns of `standard_record` without its place and its key.
///
/// # Errors
/// If a list has other fields than [`version_fields`].
pub(crate) fn records(standardizer: &Standardizer, lists: &ListArray, rows: Range<usize>) -> Result<Vec<ArrayRef>> {
    let versions = Versions::new(lists)?;
    let mut people = PersonColumns::default();
    let mut times: [TimestampMicrosecondBuilder; 3] = std::array::from_fn(|_| TimestampMicrosecondBuilder::new());
    let mut count = Int32Builder::new();
    let mut history = PastValues::default();
    let mut problems = TextLists::default();
    let mut conflicts = Places::default();
    let mut of_others = Places::default();
    let mut since = TimestampMicrosecondBuilder::new();
    let mut features = FeatureLists::default();
    for row in rows {
        let record = standardizer.record(&mut versions.row(row));
        people.push(&record.person);
        for (builder, time) in times.iter_mut().zip([record.registered_at, record.first_seen, record.last_seen]) {
            builder.append_option(time);
        }
        count.append_value(record.versions);
        history.push(&record.history);
        problems.push(&record.problems);
        conflicts.push(&record.conflicts);
        of_others.push(&record.of_others);
        since.append_option(record.holder_since);
        features.push(&record.features);
    }
    let mut all = people.finish()?;
    all.extend(times.iter_mut().map(|b| Arc::new(b.finish().with_timezone(TIME_ZONE)) as ArrayRef));
    all.push(Arc::new(count.finish()));
    all.push(history.finish()?);
    all.push(problems.finish()?);
    all.push(conflicts.finish()?);
    all.push(of_others.finish()?);
    all.push(Arc::new(since.finish().with_timezone(TIME_ZONE)));
    all.push(features.finish()?);
    Ok(all)
}

/// The rows of all records, column by column.
struct Versions<'a> {
    lists: &'a ListArray,
    line: &'a Int64Array,
    times: [&'a TimestampMicrosecondArray; 2],
    texts: [&'a StringArray; 11],
    phones: TextItems<'a>,
    emails: TextItems<'a>,
    extra: NamedItems<'a>,
}

impl<'a> Versions<'a> {
    fn new(lists: &'a ListArray) -> Result<Self> {
        let fields = columns::structs(lists.values())?;
        let text = |name: &str| -> Result<&'a StringArray> { columns::strings(columns::field(fields, name)?) };
        let time =
            |name: &str| -> Result<&'a TimestampMicrosecondArray> { columns::times(columns::field(fields, name)?) };
        Ok(Versions {
            lists,
            line: columns::longs(columns::field(fields, col::LINE)?)?,
            times: [time(col::OBSERVED_AT)?, time(col::REGISTERED_AT)?],
            texts: [
                text(col::FILE)?,
                text(col::NAME)?,
                text(col::KANA)?,
                text(col::FAMILY_NAME)?,
                text(col::GIVEN_NAME)?,
                text(col::FAMILY_KANA)?,
                text(col::GIVEN_KANA)?,
                text(col::BIRTH_DATE)?,
                text(col::SEX)?,
                text(col::POSTAL_CODE)?,
                text(col::ADDRESS)?,
            ],
            phones: TextItems::new(columns::field(fields, col::PHONE)?)?,
            emails: TextItems::new(columns::field(fields, col::EMAIL)?)?,
            extra: NamedItems::new(columns::field(fields, col::EXTRA)?)?,
        })
    }

    fn row(&self, row: usize) -> Vec<RawVersion<'a>> {
        let ends = self.lists.value_offsets();
        (ends[row] as usize..ends[row + 1] as usize).map(|i| self.version(i)).collect()
    }

    fn version(&self, i: usize) -> RawVersion<'a> {
        let time = |column: &TimestampMicrosecondArray| column.is_valid(i).then(|| column.value(i));
        let mut texts = self.texts.iter().map(|column| columns::text_at(column, i));
        let mut next = || texts.next().flatten();
        RawVersion {
            file: next().unwrap_or_default(),
            line: self.line.value(i),
            observed_at: time(self.times[0]),
            registered_at: time(self.times[1]),
            name: next(),
            kana: next(),
            family_name: next(),
            given_name: next(),
            family_kana: next(),
            given_kana: next(),
            birth_date: next(),
            sex: next(),
            postal_code: next(),
            address: next(),
            phones: self.phones.of(i).collect(),
            emails: self.emails.of(i).collect(),
            extra: self.extra.of(i).map(|(name, value, _)| (name, value)).collect(),
        }
    }
}

#[derive(Default)]
struct PastValues {
    attributes: StringBuilder,
    values: StringBuilder,
    first: TimestampMicrosecondBuilder,
    last: TimestampMicrosecondBuilder,
    ends: Vec<i32>,
    items: i32,
}

impl PastValues {
    fn push(&mut self, history: &[nayose_matching::record::PastValue]) {
        for past in history {
            self.attributes.append_value(&past.attribute);
            self.values.append_value(&past.value);
            self.first.append_option(past.first_at);
            self.last.append_option(past.last_at);
        }
        self.items += history.len() as i32;
        self.ends.push(self.items);
    }

    fn finish(mut self) -> Result<ArrayRef> {
        let columns: Vec<ArrayRef> = vec![
            Arc::new(self.attributes.finish()),
            Arc::new(self.values.finish()),
            Arc::new(self.first.finish().with_timezone(TIME_ZONE)),
            Arc::new(self.last.finish().with_timezone(TIME_ZONE)),
        ];
        struct_list(&self.ends, PAST_VALUE, columns)
    }
}

#[derive(Default)]
struct Places {
    files: StringBuilder,
    lines: Int64Builder,
    ends: Vec<i32>,
    items: i32,
}

impl Places {
    fn push(&mut self, places: &[(String, i64)]) {
        for (file, line) in places {
            self.files.append_value(file);
            self.lines.append_value(*line);
        }
        self.items += places.len() as i32;
        self.ends.push(self.items);
    }

    fn finish(mut self) -> Result<ArrayRef> {
        struct_list(&self.ends, PLACE, vec![Arc::new(self.files.finish()), Arc::new(self.lines.finish())])
    }
}

#[derive(Default)]
struct FeatureLists {
    inner: TextLists,
    ends: Vec<i32>,
    items: i32,
}

impl FeatureLists {
    fn push(&mut self, features: &[Vec<String>]) {
        features.iter().for_each(|values| self.inner.push(values));
        self.items += features.len() as i32;
        self.ends.push(self.items);
    }

    fn finish(self) -> Result<ArrayRef> {
        list(&self.ends, Type::List(&Type::Text).arrow(), self.inner.finish()?)
    }
}
