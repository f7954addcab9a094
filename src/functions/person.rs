//! A [`Person`] as Arrow columns, in the order of `contract::PERSON_COLUMNS`, and back.

use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayBuilder, ArrayRef, AsArray, BooleanBuilder, Date32Builder, Int32Builder, ListArray, StringBuilder,
    StructArray,
};
use datafusion::arrow::buffer::{NullBuffer, OffsetBuffer, ScalarBuffer};
use datafusion::arrow::datatypes::{DataType, Date32Type, Int32Type};
use datafusion::error::Result;

use super::text;
use crate::contract::{IDENTIFIER, NAMED_VALUE, Type, col, item_field, struct_fields};
use crate::record::{Address, Person};

/// Text columns of a person, one builder each.
#[derive(Default)]
pub struct PersonColumns {
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
    pub fn push(&mut self, p: &Person) {
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
    pub fn finish(mut self) -> Result<Vec<ArrayRef>> {
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
pub struct TextLists {
    items: StringBuilder,
    ends: Vec<i32>,
}

impl TextLists {
    /// Adds a list.
    pub fn push(&mut self, values: &[String]) {
        values.iter().for_each(|v| self.items.append_value(v));
        self.ends.push(self.items.len() as i32);
    }

    /// The column.
    ///
    /// # Errors
    /// As Arrow says; not for a column built here.
    pub fn finish(mut self) -> Result<ArrayRef> {
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
pub fn list(ends: &[i32], item: DataType, items: ArrayRef) -> Result<ArrayRef> {
    let offsets: Vec<i32> = std::iter::once(0).chain(ends.iter().copied()).collect();
    let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
    Ok(Arc::new(ListArray::try_new(Arc::new(item_field(item)), offsets, items, None)?))
}

/// A column of lists of structs.
///
/// # Errors
/// As Arrow says, where the columns do not fit the type.
pub fn struct_list(ends: &[i32], item: Type, columns: Vec<ArrayRef>) -> Result<ArrayRef> {
    let Type::Struct(fields) = item else {
        return Err(datafusion::error::DataFusionError::Internal("a struct type expected".into()));
    };
    let items = StructArray::try_new(struct_fields(fields), columns, None::<NullBuffer>)?;
    list(ends, item.arrow(), Arc::new(items))
}

/// Reads people from a struct column that has the columns of the contract.
pub struct PersonReader<'a> {
    fields: &'a StructArray,
}

impl<'a> PersonReader<'a> {
    /// A reader of `fields`.
    pub fn new(fields: &'a StructArray) -> Self {
        PersonReader { fields }
    }

    fn text(&self, name: &str, row: usize) -> Result<Option<String>> {
        let column = text::strings(text::field(self.fields, name)?)?;
        Ok(text::text_at(column, row).map(str::to_string))
    }

    fn list(&self, name: &str, row: usize) -> Result<Option<ArrayRef>> {
        let column = text::lists(text::field(self.fields, name)?)?;
        Ok(column.is_valid(row).then(|| column.value(row)))
    }

    fn texts(&self, name: &str, row: usize) -> Result<Vec<String>> {
        match self.list(name, row)? {
            Some(items) => Ok(text::strings(&items)?.iter().flatten().map(str::to_string).collect()),
            None => Ok(Vec::new()),
        }
    }

    /// The person of a row.
    ///
    /// # Errors
    /// If the struct is not a person.
    pub fn person(&self, row: usize) -> Result<Person> {
        let birth = text::field(self.fields, col::BIRTH_DATE)?.as_primitive_opt::<Date32Type>();
        let chome = text::field(self.fields, col::CHOME)?.as_primitive_opt::<Int32Type>();
        let mut identifiers = Vec::new();
        if let Some(items) = self.list(col::IDENTIFIERS, row)? {
            let items = text::structs(&items)?;
            let (names, values) =
                (text::strings(text::field(items, col::NAME)?)?, text::strings(text::field(items, col::VALUE)?)?);
            let valid = text::field(items, "valid")?.as_boolean();
            for i in 0..items.len() {
                let valid = valid.is_valid(i).then(|| valid.value(i));
                identifiers.push((names.value(i).to_string(), values.value(i).to_string(), valid));
            }
        }
        let mut extra = Vec::new();
        if let Some(items) = self.list(col::EXTRA, row)? {
            let items = text::structs(&items)?;
            let (names, values) =
                (text::strings(text::field(items, col::NAME)?)?, text::strings(text::field(items, col::VALUE)?)?);
            extra.extend((0..items.len()).map(|i| (names.value(i).to_string(), values.value(i).to_string())));
        }
        Ok(Person {
            family_name: self.text(col::FAMILY_NAME, row)?,
            given_name: self.text(col::GIVEN_NAME, row)?,
            family_kana: self.text(col::FAMILY_KANA, row)?,
            given_kana: self.text(col::GIVEN_KANA, row)?,
            birth_date: birth.and_then(|b| b.is_valid(row).then(|| b.value(row))),
            sex: self.text(col::SEX, row)?,
            address: Address {
                postal_code: self.text(col::POSTAL_CODE, row)?,
                prefecture: self.text(col::PREFECTURE, row)?,
                city: self.text(col::CITY, row)?,
                town: self.text(col::TOWN, row)?,
                chome: chome.and_then(|c| c.is_valid(row).then(|| c.value(row))),
                block: self.text(col::BLOCK, row)?,
                building: self.text(col::BUILDING, row)?,
                room: self.text(col::ROOM, row)?,
                town_code: self.text(col::TOWN_CODE, row)?,
                line: self.text(col::ADDRESS, row)?,
            },
            phones: self.texts(col::PHONES, row)?,
            emails: self.texts(col::EMAILS, row)?,
            identifiers,
            extra,
        })
    }
}
