//! `golden(records)`: the records of a person, as a list of structs, to the golden record with its provenance.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanBuilder, Date32Array, Float64Builder, Int32Builder, ListArray, StringArray,
    StringBuilder, StructArray, TimestampMicrosecondArray, TimestampMicrosecondBuilder, UInt32Array, UInt32Builder,
};
use arrow::compute::take;
use arrow::datatypes::{DataType, Field, Fields, Float64Type};
use datafusion::error::Result;
use datafusion::logical_expr::ScalarUDF;

use super::person::{NamedItems, TextItems, TextLists, list, struct_list};
use super::recipe::Recipe;
use super::{costly_function, in_pieces, made_from};
use crate::tables::columns;
use crate::tables::contract::{
    Column, GOLDEN_CUSTOMER, IDENTIFIER, NAMED_VALUE, PERSON_COLUMNS, PROVENANCE_ITEM, TIME_ZONE, Type, col, item_field,
};
use nayose_matching::record::survive::{Member, Survivors, Survivorship, survive};

/// The columns of a record that the function takes, in order: identity, times, then the person.
pub(crate) fn record_columns() -> Vec<(&'static str, Type)> {
    let head = [
        (col::CHANNEL, Type::Text),
        (col::RECORD_ID, Type::Text),
        (col::FIRST_SEEN, Type::Timestamp),
        (col::LAST_SEEN, Type::Timestamp),
        (col::CONFIDENCE, Type::Double),
        (col::JOINED_BY_DECISION, Type::Boolean),
    ];
    head.into_iter().chain(PERSON_COLUMNS.iter().map(|c| (c.name, c.data_type))).collect()
}

/// The columns of the golden record that the function returns.
pub(crate) fn golden_columns() -> impl Iterator<Item = &'static Column> {
    GOLDEN_CUSTOMER.columns.iter().filter(|c| ![col::CUSTOMER_ID, col::HOUSEHOLD_ID].contains(&c.name))
}

/// The function for the rules of a pipeline.
pub(crate) fn golden(rules: Survivorship) -> ScalarUDF {
    let member: Fields = record_columns().into_iter().map(|(name, t)| Field::new(name, t.arrow(), true)).collect();
    let argument = DataType::List(Arc::new(item_field(DataType::Struct(member))));
    let mut fields: Vec<Field> = golden_columns().map(|c| Field::new(c.name, c.data_type.arrow(), true)).collect();
    fields.push(Field::new(col::PROVENANCE, DataType::List(Arc::new(item_field(PROVENANCE_ITEM.arrow()))), true));
    let fields: Fields = fields.into();
    let recipe = Recipe::Golden(rules.clone());
    let function = costly_function("golden", vec![argument], DataType::Struct(fields.clone()), move |columns| {
        let lists = columns::lists(&columns[0])?;
        in_pieces(lists.len(), |rows| people(lists, rows, &rules, &fields))
    });
    made_from(&recipe, &function)
}

/// The golden records of some rows: values are chosen, then moved column by column.
fn people(lists: &ListArray, rows: Range<usize>, rules: &Survivorship, fields: &Fields) -> Result<ArrayRef> {
    let records = columns::structs(lists.values())?;
    let reader = MemberReader::new(records)?;
    let first = columns::times(columns::field(records, col::FIRST_SEEN)?)?;
    let sure = columns::field(records, col::CONFIDENCE)?.as_primitive::<Float64Type>();
    let joined = columns::field(records, col::JOINED_BY_DECISION)?.as_boolean();
    let mut chosen = Chosen::default();
    let mut channels = TextLists::default();
    let mut count = Int32Builder::new();
    let mut times: [TimestampMicrosecondBuilder; 2] = std::array::from_fn(|_| TimestampMicrosecondBuilder::new());
    let mut confidence = Float64Builder::new();
    let mut joined_by_decision = BooleanBuilder::new();
    let mut provenance = ProvenanceLists::default();
    let mut of: Vec<&str> = Vec::new();
    for row in rows {
        let range = lists.value_offsets()[row] as usize..lists.value_offsets()[row + 1] as usize;
        let mut members = reader.members(range.clone());
        let mut survivors = survive(&mut members, rules);
        // As `field_provenance` has them, which need not be sorted then.
        survivors.provenance.sort_unstable_by_key(|p| p.field);
        chosen.push(&survivors);
        of.clear();
        of.extend(members.iter().map(|m| m.channel));
        of.sort_unstable();
        of.dedup();
        channels.push(&of);
        count.append_value(members.len() as i32);
        times[0].append_option(range.clone().filter(|i| first.is_valid(*i)).map(|i| first.value(i)).min());
        times[1].append_option(members.iter().filter_map(|m| m.last_seen).max());
        joined_by_decision.append_value(range.clone().any(|i| joined.is_valid(i) && joined.value(i)));
        confidence.append_value(range.map(|i| sure.value(i)).fold(1.0, f64::min));
        for p in &survivors.provenance {
            provenance.push(p.field, &members[p.member], p.rule);
        }
        provenance.end_row();
    }
    let mut all = chosen.columns(records)?;
    all.push(channels.finish()?);
    all.push(Arc::new(count.finish()));
    all.extend(times.iter_mut().map(|b| Arc::new(b.finish().with_timezone(TIME_ZONE)) as ArrayRef));
    all.push(Arc::new(confidence.finish()));
    all.push(Arc::new(joined_by_decision.finish()));
    all.push(provenance.finish(records)?);
    Ok(Arc::new(StructArray::try_new(fields.clone(), all, None)?) as ArrayRef)
}

/// The records of people, column by column.
struct MemberReader<'a> {
    channel: &'a StringArray,
    record_id: &'a StringArray,
    last_seen: &'a TimestampMicrosecondArray,
    birth_date: &'a Date32Array,
    /// Family and given name, the same in kana, sex, postal code, town, address.
    texts: [&'a StringArray; 8],
    phones: TextItems<'a>,
    emails: TextItems<'a>,
    identifiers: NamedItems<'a>,
    extra: NamedItems<'a>,
}

impl<'a> MemberReader<'a> {
    fn new(records: &'a StructArray) -> Result<Self> {
        let text = |name: &str| -> Result<&'a StringArray> { columns::strings(columns::field(records, name)?) };
        Ok(MemberReader {
            channel: text(col::CHANNEL)?,
            record_id: text(col::RECORD_ID)?,
            last_seen: columns::times(columns::field(records, col::LAST_SEEN)?)?,
            birth_date: columns::dates(columns::field(records, col::BIRTH_DATE)?)?,
            texts: [
                text(col::FAMILY_NAME)?,
                text(col::GIVEN_NAME)?,
                text(col::FAMILY_KANA)?,
                text(col::GIVEN_KANA)?,
                text(col::SEX)?,
                text(col::POSTAL_CODE)?,
                text(col::TOWN)?,
                text(col::ADDRESS)?,
            ],
            phones: TextItems::new(columns::field(records, col::PHONES)?)?,
            emails: TextItems::new(columns::field(records, col::EMAILS)?)?,
            identifiers: NamedItems::new(columns::field(records, col::IDENTIFIERS)?)?,
            extra: NamedItems::new(columns::field(records, col::EXTRA)?)?,
        })
    }

    fn members(&self, range: Range<usize>) -> Vec<Member<'a>> {
        let member = |i: usize| {
            let [family, given, family_kana, given_kana, sex, postal_code, town, address] =
                self.texts.map(|column| columns::text_at(column, i));
            Member {
                row: i as u32,
                channel: self.channel.value(i),
                record_id: self.record_id.value(i),
                last_seen: self.last_seen.is_valid(i).then(|| self.last_seen.value(i)),
                name: [family, given],
                kana: [family_kana, given_kana],
                birth_date: self.birth_date.is_valid(i).then(|| self.birth_date.value(i)),
                sex,
                address: address.or(postal_code),
                has_town: town.is_some(),
                phones: self.phones.placed(i).collect(),
                emails: self.emails.placed(i).collect(),
                identifiers: self.identifiers.placed(i).collect(),
                extra: self.extra.placed(i).map(|(place, (name, value, _))| (place, (name, value))).collect(),
            }
        };
        range.map(member).collect()
    }
}

/// The rows of the records whose values survive, and the items of their lists.
#[derive(Default)]
struct Chosen {
    name: UInt32Builder,
    kana: UInt32Builder,
    birth_date: UInt32Builder,
    sex: UInt32Builder,
    address: UInt32Builder,
    phones: Items,
    emails: Items,
    identifiers: Items,
    extra: Items,
}

/// Items of lists, with the ends of the lists.
#[derive(Default)]
struct Items {
    places: Vec<u32>,
    ends: Vec<i32>,
}

impl Items {
    fn push(&mut self, places: &[u32]) {
        self.places.extend_from_slice(places);
        self.ends.push(self.places.len() as i32);
    }

    /// The items of a column of lists of text.
    fn texts(self, lists: &ArrayRef) -> Result<ArrayRef> {
        let items = take(columns::lists(lists)?.values(), &UInt32Array::from(self.places), None)?;
        list(&self.ends, DataType::Utf8, items)
    }

    /// The items of a column of lists of these structs.
    fn structs(self, lists: &ArrayRef, item: Type) -> Result<ArrayRef> {
        let (items, places) = (columns::structs(columns::lists(lists)?.values())?, UInt32Array::from(self.places));
        let moved = items.columns().iter().map(|column| take(column, &places, None));
        struct_list(&self.ends, item, moved.collect::<Result<_, _>>()?)
    }
}

impl Chosen {
    fn push(&mut self, survivors: &Survivors) {
        self.name.append_option(survivors.name);
        self.kana.append_option(survivors.kana);
        self.birth_date.append_option(survivors.birth_date);
        self.sex.append_option(survivors.sex);
        self.address.append_option(survivors.address);
        self.phones.push(&survivors.phones);
        self.emails.push(&survivors.emails);
        self.identifiers.push(&survivors.identifiers);
        self.extra.push(&survivors.extra);
    }

    /// The columns of a person in the order of the contract.
    fn columns(mut self, records: &StructArray) -> Result<Vec<ArrayRef>> {
        let [name, kana, birth_date, sex, address] =
            [&mut self.name, &mut self.kana, &mut self.birth_date, &mut self.sex, &mut self.address]
                .map(UInt32Builder::finish);
        let mut lists = [Some(self.phones), Some(self.emails), Some(self.identifiers), Some(self.extra)];
        let moved = PERSON_COLUMNS.iter().map(|column| -> Result<ArrayRef> {
            let values = columns::field(records, column.name)?;
            let mut items = |of: usize| lists[of].take().unwrap_or_default();
            let rows = match column.name {
                col::FAMILY_NAME | col::GIVEN_NAME => &name,
                col::FAMILY_KANA | col::GIVEN_KANA => &kana,
                col::BIRTH_DATE => &birth_date,
                col::SEX => &sex,
                col::PHONES => return items(0).texts(values),
                col::EMAILS => return items(1).texts(values),
                col::IDENTIFIERS => return items(2).structs(values, IDENTIFIER),
                col::EXTRA => return items(3).structs(values, NAMED_VALUE),
                // An address is one whole.
                _ => &address,
            };
            Ok(take(values, rows, None)?)
        });
        moved.collect()
    }
}

#[derive(Default)]
struct ProvenanceLists {
    field: StringBuilder,
    rule: StringBuilder,
    /// The records.
    from: Items,
}

impl ProvenanceLists {
    fn push(&mut self, field: &str, member: &Member<'_>, rule: &str) {
        self.field.append_value(field);
        self.rule.append_value(rule);
        self.from.places.push(member.row);
    }

    fn end_row(&mut self) {
        self.from.push(&[]);
    }

    fn finish(mut self, records: &StructArray) -> Result<ArrayRef> {
        let rows = UInt32Array::from(self.from.places);
        let of = |name: &str| -> Result<ArrayRef> { Ok(take(columns::field(records, name)?, &rows, None)?) };
        let columns: Vec<ArrayRef> = vec![
            Arc::new(self.field.finish()),
            of(col::CHANNEL)?,
            of(col::RECORD_ID)?,
            Arc::new(self.rule.finish()),
            of(col::LAST_SEEN)?,
        ];
        struct_list(&self.from.ends, PROVENANCE_ITEM, columns)
    }
}
