//! `golden(records)`: the records of a person, as a list of structs, to the golden record with its provenance.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanBuilder, Float64Builder, Int32Builder, ListArray, StringArray, StringBuilder,
    StructArray, TimestampMicrosecondArray, TimestampMicrosecondBuilder,
};
use arrow::datatypes::{DataType, Field, Fields, Float64Type};
use datafusion::error::Result;
use datafusion::logical_expr::ScalarUDF;

use super::person::{PersonColumns, PersonReader, TextLists, struct_list};
use super::recipe::Recipe;
use super::{costly_function, in_pieces, made_from};
use crate::tables::columns;
use crate::tables::contract::{
    Column, GOLDEN_CUSTOMER, PERSON_COLUMNS, PROVENANCE_ITEM, TIME_ZONE, Type, col, item_field,
};
use nayose_matching::record::survive::Survivorship;
use nayose_matching::record::survive::{Member, survive};

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

/// The golden records of some rows.
fn people(lists: &ListArray, rows: Range<usize>, rules: &Survivorship, fields: &Fields) -> Result<ArrayRef> {
    let records = columns::structs(lists.values())?;
    let mut people = PersonColumns::default();
    let mut channels = TextLists::default();
    let mut count = Int32Builder::new();
    let mut times: [TimestampMicrosecondBuilder; 2] = std::array::from_fn(|_| TimestampMicrosecondBuilder::new());
    let mut confidence = Float64Builder::new();
    let mut joined_by_decision = BooleanBuilder::new();
    let mut provenance = ProvenanceLists::default();
    let reader = MemberReader::new(records)?;
    let first = columns::times(columns::field(records, col::FIRST_SEEN)?)?;
    let sure = columns::field(records, col::CONFIDENCE)?.as_primitive::<Float64Type>();
    let joined = columns::field(records, col::JOINED_BY_DECISION)?.as_boolean();
    for row in rows {
        let range = lists.value_offsets()[row] as usize..lists.value_offsets()[row + 1] as usize;
        let mut members = reader.members(range.clone());
        let (person, mut from) = survive(&mut members, rules);
        // As `field_provenance` has them, which need not be sorted then.
        from.sort_unstable_by_key(|p| p.field);
        people.push(&person);
        let of: BTreeSet<&str> = members.iter().map(|m| m.channel.as_str()).collect();
        channels.push(&of.into_iter().map(str::to_string).collect::<Vec<_>>());
        count.append_value(members.len() as i32);
        times[0].append_option(range.clone().filter(|i| first.is_valid(*i)).map(|i| first.value(i)).min());
        times[1].append_option(members.iter().filter_map(|m| m.last_seen).max());
        joined_by_decision.append_value(range.clone().any(|i| joined.is_valid(i) && joined.value(i)));
        confidence.append_value(range.map(|i| sure.value(i)).fold(1.0, f64::min));
        for p in &from {
            provenance.push(p.field, &members[p.member], p.rule);
        }
        provenance.end_row();
    }
    let mut all = people.finish()?;
    all.push(channels.finish()?);
    all.push(Arc::new(count.finish()));
    all.extend(times.iter_mut().map(|b| Arc::new(b.finish().with_timezone(TIME_ZONE)) as ArrayRef));
    all.push(Arc::new(confidence.finish()));
    all.push(Arc::new(joined_by_decision.finish()));
    all.push(provenance.finish()?);
    Ok(Arc::new(StructArray::try_new(fields.clone(), all, None)?) as ArrayRef)
}

/// The records of people, column by column.
struct MemberReader<'a> {
    channel: &'a StringArray,
    record_id: &'a StringArray,
    last_seen: &'a TimestampMicrosecondArray,
    person: PersonReader<'a>,
}

impl<'a> MemberReader<'a> {
    fn new(records: &'a StructArray) -> Result<Self> {
        Ok(MemberReader {
            channel: columns::strings(columns::field(records, col::CHANNEL)?)?,
            record_id: columns::strings(columns::field(records, col::RECORD_ID)?)?,
            last_seen: columns::times(columns::field(records, col::LAST_SEEN)?)?,
            person: PersonReader::new(records)?,
        })
    }

    fn members(&self, range: Range<usize>) -> Vec<Member> {
        range
            .map(|i| Member {
                channel: self.channel.value(i).to_string(),
                record_id: self.record_id.value(i).to_string(),
                last_seen: self.last_seen.is_valid(i).then(|| self.last_seen.value(i)),
                person: self.person.person(i),
            })
            .collect()
    }
}

#[derive(Default)]
struct ProvenanceLists {
    texts: [StringBuilder; 4],
    times: TimestampMicrosecondBuilder,
    items: i32,
    ends: Vec<i32>,
}

impl ProvenanceLists {
    fn push(&mut self, field: &str, member: &Member, rule: &str) {
        for (builder, value) in self.texts.iter_mut().zip([field, &member.channel, &member.record_id, rule]) {
            builder.append_value(value);
        }
        self.times.append_option(member.last_seen);
        self.items += 1;
    }

    fn end_row(&mut self) {
        self.ends.push(self.items);
    }

    fn finish(mut self) -> Result<ArrayRef> {
        let mut columns: Vec<ArrayRef> = self.texts.iter_mut().map(|b| Arc::new(b.finish()) as ArrayRef).collect();
        columns.push(Arc::new(self.times.finish().with_timezone(TIME_ZONE)));
        struct_list(&self.ends, PROVENANCE_ITEM, columns)
    }
}
