//! A [`Person`] as Arrow columns, in the order of `contract::PERSON_COLUMNS`; its lists, read from such columns.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayBuilder, ArrayRef, AsArray, BooleanArray, BooleanBuilder, Date32Builder, Int32Builder, ListArray,
    StringArray, StringBuilder, StructArray,
};
use arrow::buffer::{NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow::datatypes::DataType;
use datafusion::error::Result;

use crate::tables::columns;
use crate::tables::contract::{IDENTIFIER, NAMED_VALUE, Type, col, item_field, struct_fields};
use nayose_matching::record::Person;

/// Text columns of a person, one builder each.
#[derive(Default)]
pub(crate) struct PersonColumns {
    texts: [StringBuilder; 14],
    birth_date: Date32Builder,
    chome: Int32Builder,
    phones: TextLists,
    emails: TextLists,
    identifiers: Identifiers,
    extra: NamedValues,
}

impl PersonColumns {
    /// Adds a person.
    pub(crate) fn push(&mut self, p: &Person) {
        let a = &p.address;
        let values = [
            &p.family_name,
            &p.given_name,
            &p.family_kana,
            &p.given_kana,
            &p.sex,
            &a.postal_code,
            &a.prefecture,
            &a.city,
            &a.town,
            &a.block,
            &a.building,
            &a.room,
            &a.town_code,
            &a.line,
        ];
        for (builder, value) in self.texts.iter_mut().zip(values) {
            builder.append_option(value.as_deref());
        }
        self.birth_date.append_option(p.birth_date);
        self.chome.append_option(a.chome);
        self.phones.push(&p.phones);
        self.emails.push(&p.emails);
        self.identifiers.push(&p.identifiers);
        self.extra.push(&p.extra);
    }

    /// The columns in the order of the contract.
    ///
    /// # Errors
    /// As Arrow says; not for columns built here.
    pub(crate) fn finish(mut self) -> Result<Vec<ArrayRef>> {
        let mut texts = self.texts.iter_mut().map(|b| Arc::new(b.finish()) as ArrayRef);
        let mut next = |n: usize| -> Vec<ArrayRef> { texts.by_ref().take(n).collect() };
        let mut all = next(4);
        all.push(Arc::new(self.birth_date.finish()));
        all.extend(next(5));
        all.push(Arc::new(self.chome.finish()));
        all.extend(next(5));
        all.push(self.phones.finish()?);
        all.push(self.emails.finish()?);
        all.push(self.identifiers.finish()?);
        all.push(self.extra.finish()?);
        Ok(all)
    }
}

/// Lists of text.
#[derive(Default)]
pub(crate) struct TextLists {
    items: StringBuilder,
    ends: Vec<i32>,
}

impl TextLists {
    /// Adds a list.
    pub(crate) fn push(&mut self, values: &[impl AsRef<str>]) {
        values.iter().for_each(|v| self.items.append_value(v.as_ref()));
        self.ends.push(self.items.len() as i32);
    }

    /// The column.
    ///
    /// # Errors
    /// As Arrow says; not for a column built here.
    pub(crate) fn finish(mut self) -> Result<ArrayRef> {
        list(&self.ends, DataType::Utf8, Arc::new(self.items.finish()))
    }
}

#[derive(Default)]
struct Identifiers {
    names: StringBuilder,
    values: StringBuilder,
    valid: BooleanBuilder,
    ends: Vec<i32>,
}

impl Identifiers {
    fn push(&mut self, identifiers: &[(String, String, Option<bool>)]) {
        for (name, value, valid) in identifiers {
            self.names.append_value(name);
            self.values.append_value(value);
            self.valid.append_option(*valid);
        }
        self.ends.push(self.names.len() as i32);
    }

    fn finish(mut self) -> Result<ArrayRef> {
        let columns: Vec<ArrayRef> =
            vec![Arc::new(self.names.finish()), Arc::new(self.values.finish()), Arc::new(self.valid.finish())];
        struct_list(&self.ends, IDENTIFIER, columns)
    }
}

#[derive(Default)]
struct NamedValues {
    names: StringBuilder,
    values: StringBuilder,
    ends: Vec<i32>,
}

impl NamedValues {
    fn push(&mut self, values: &[(String, String)]) {
        for (name, value) in values {
            self.names.append_value(name);
            self.values.append_value(value);
        }
        self.ends.push(self.names.len() as i32);
    }

    fn finish(mut self) -> Result<ArrayRef> {
        let columns: Vec<ArrayRef> = vec![Arc::new(self.names.finish()), Arc::new(self.values.finish())];
        struct_list(&self.ends, NAMED_VALUE, columns)
    }
}

/// A list column from the ends of its rows and all items.
///
/// # Errors
/// As Arrow says, where the ends do not fit.
pub(crate) fn list(ends: &[i32], item: DataType, items: ArrayRef) -> Result<ArrayRef> {
    let offsets: Vec<i32> = std::iter::once(0).chain(ends.iter().copied()).collect();
    let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
    Ok(Arc::new(ListArray::try_new(Arc::new(item_field(item)), offsets, items, None)?))
}

/// A column of lists of structs.
///
/// # Errors
/// As Arrow says, where the columns do not fit the type.
pub(crate) fn struct_list(ends: &[i32], item: Type, columns: Vec<ArrayRef>) -> Result<ArrayRef> {
    let Type::Struct(fields) = item else {
        return Err(datafusion::error::DataFusionError::Internal("a struct type expected".into()));
    };
    let items = StructArray::try_new(struct_fields(fields), columns, None::<NullBuffer>)?;
    list(ends, item.arrow(), Arc::new(items))
}

/// A column of lists of text.
pub(crate) struct TextItems<'a> {
    lists: &'a ListArray,
    items: &'a StringArray,
}

impl<'a> TextItems<'a> {
    /// Of a column.
    ///
    /// # Errors
    /// If it holds something else.
    pub(crate) fn new(column: &'a ArrayRef) -> Result<Self> {
        let lists = columns::lists(column)?;
        Ok(TextItems { lists, items: columns::strings(lists.values())? })
    }

    /// The texts of a row; none where the list is null.
    pub(crate) fn of(&self, row: usize) -> impl Iterator<Item = &'a str> {
        self.placed(row).map(|(_, text)| text)
    }

    /// The same, each with its place among all items.
    pub(crate) fn placed(&self, row: usize) -> impl Iterator<Item = (u32, &'a str)> {
        let items = self.items;
        items_of(self.lists, row).filter_map(move |i| Some((i as u32, columns::text_at(items, i)?)))
    }
}

/// A column of lists of names and values, with or without a mark.
pub(crate) struct NamedItems<'a> {
    lists: &'a ListArray,
    names: &'a StringArray,
    values: &'a StringArray,
    valid: Option<&'a BooleanArray>,
}

impl<'a> NamedItems<'a> {
    /// Of a column.
    ///
    /// # Errors
    /// If it holds something else.
    pub(crate) fn new(column: &'a ArrayRef) -> Result<Self> {
        let lists = columns::lists(column)?;
        let items = columns::structs(lists.values())?;
        Ok(NamedItems {
            lists,
            names: columns::strings(columns::field(items, col::NAME)?)?,
            values: columns::strings(columns::field(items, col::VALUE)?)?,
            valid: items.column_by_name("valid").and_then(|c| c.as_boolean_opt()),
        })
    }

    /// Names, values and marks of a row, those without a value left out.
    pub(crate) fn of(&self, row: usize) -> impl Iterator<Item = (&'a str, &'a str, Option<bool>)> {
        self.placed(row).map(|(_, item)| item)
    }

    /// The same, each with its place among all items.
    pub(crate) fn placed(&self, row: usize) -> impl Iterator<Item = (u32, (&'a str, &'a str, Option<bool>))> {
        let (names, values, valid) = (self.names, self.values, self.valid);
        items_of(self.lists, row).filter_map(move |i| {
            let mark = valid.and_then(|v| v.is_valid(i).then(|| v.value(i)));
            Some((i as u32, (columns::text_at(names, i)?, columns::text_at(values, i)?, mark)))
        })
    }
}

/// The places of a row's items.
fn items_of(lists: &ListArray, row: usize) -> std::ops::Range<usize> {
    if lists.is_null(row) {
        return 0..0;
    }
    lists.value_offsets()[row] as usize..lists.value_offsets()[row + 1] as usize
}
