//! The tables of a run, read once for its [`Index`].

use std::collections::HashMap;

use arrow::array::{Array, ArrayRef, RecordBatch, StringArray};
use arrow::datatypes::DataType;
use datafusion::logical_expr::ident;
use futures::StreamExt;

use super::Index;
use super::flat::{Rows, hash_of};
use crate::audit::Audit;
use crate::engine::session::in_order;
use crate::error::{Error, Result};
use crate::tables::columns;
use crate::tables::contract::{
    CONSENT, FIELD_PROVENANCE, GOLDEN_CUSTOMER, ID_EVENT, ID_MAP, INTERACTION, LEDGER, SOURCE_RECORD, Table, col,
};
use nayose_japanese::{kana, name};
use nayose_matching::identity::customer_id::bits_of;

/// The index of a run.
///
/// # Errors
/// Data, where the tables do not speak of the same records; environment, if one cannot be read.
pub(in crate::audit) async fn index(audit: &Audit) -> Result<Index> {
    let mut index = Index::default();
    customers(audit, &mut index).await?;
    records(audit, &mut index).await?;
    // One after the other: each sorts its rows, and what it needs for that goes before the next one begins.
    names(audit, &mut index).await?;
    contacts(audit, &mut index).await?;
    links(audit, &mut index).await?;
    events(audit, &mut index).await?;
    for table in BY_CUSTOMER {
        places_in(audit, table, &mut index).await?;
    }
    Ok(index)
}

/// The tables of which a customer's rows are found by their places.
const BY_CUSTOMER: [&Table; 4] = [&GOLDEN_CUSTOMER, &FIELD_PROVENANCE, &CONSENT, &INTERACTION];

/// Where the rows of each customer end in a table. Rows of nobody come behind all.
async fn places_in(audit: &Audit, table: &'static Table, index: &mut Index) -> Result<()> {
    let customers = &index.customers;
    let mut ends = Vec::with_capacity(customers.len());
    let (mut rows, mut last) = (0u32, String::new());
    each(audit, table, &[col::CUSTOMER_ID], |batch| {
        let ids = columns::strings(batch.column(0))?;
        for id in ids.iter().flatten() {
            if id != last {
                let id_bits = bits(id)?;
                // Who has no row ends where the one before does.
                while customers.get(ends.len()).is_some_and(|customer| *customer < id_bits) {
                    ends.push(rows);
                }
                if customers.get(ends.len()) != Some(&id_bits) {
                    return Err(unlike(table.name, "golden_customer", "customer"));
                }
                last = id.to_string();
            }
            rows += 1;
        }
        Ok(())
    })
    .await?;
    ends.resize(customers.len(), rows);
    index.ends_of.push((table.name, ends));
    Ok(())
}

/// Shows the rows of a table's columns, in order of its key.
async fn each(
    audit: &Audit,
    table: &Table,
    columns: &[&str],
    mut see: impl FnMut(&RecordBatch) -> Result<()>,
) -> Result<()> {
    let mut rows = audit.table(table.name).await?;
    // Files have their rows in order; what is made from a later run has none.
    if !audit.run.chain.is_empty() {
        rows = rows.sort(table.key.iter().map(|key| ident(*key).sort(true, false)).collect())?;
    }
    let (state, plan) = rows.select_columns(columns)?.into_parts();
    let context = in_order(&datafusion::prelude::SessionContext::new_with_state(state));
    let mut batches = context.execute_logical_plan(plan).await?.execute_stream().await?;
    while let Some(batch) = batches.next().await {
        see(&batch?)?;
    }
    Ok(())
}

fn bits(id: &str) -> Result<u64> {
    bits_of(id).ok_or_else(|| Error::bug("a published id is no id"))
}

/// The customers with households and names.
async fn customers(audit: &Audit, index: &mut Index) -> Result<()> {
    const TEXTS: usize = 6;
    let wanted = [
        col::CUSTOMER_ID,
        col::HOUSEHOLD_ID,
        col::FAMILY_NAME,
        col::GIVEN_NAME,
        col::FAMILY_KANA,
        col::GIVEN_KANA,
        col::BIRTH_DATE,
    ];
    let Index { customers, households, names, birth_dates, .. } = index;
    each(audit, &GOLDEN_CUSTOMER, &wanted, |batch| {
        let texts = strings(batch, 0..TEXTS)?;
        birth_dates.extend(columns::dates(batch.column(TEXTS))?.iter());
        for row in 0..batch.num_rows() {
            customers.push(bits(texts[0].value(row))?);
            households.push(bits(texts[1].value(row))?);
            let parts = [2, 3, 4, 5].map(|c| columns::text_at(texts[c], row));
            names.push(&shown_name(parts));
        }
        Ok(())
    })
    .await?;
    match customers.is_sorted() {
        true => Ok(()),
        false => Err(Error::bug("table golden_customer is not in the order of its ids")),
    }
}

/// A name as a search shows it: family and given name, in kana where no kanji are known.
pub(in crate::audit) fn shown_name([family, given, family_kana, given_kana]: [Option<&str>; 4]) -> String {
    let join = |a: Option<&str>, b: Option<&str>| [a, b].into_iter().flatten().collect::<Vec<_>>().join(" ");
    let (kanji, kana) = (join(family, given), join(family_kana, given_kana));
    if kanji.is_empty() { kana } else { kanji }
}

/// The records with their customers: now, and before.
async fn records(audit: &Audit, index: &mut Index) -> Result<()> {
    let wanted = [col::CHANNEL, col::RECORD_ID, col::CUSTOMER_ID, col::VALID_TO];
    let Index { keys, customer_of, customers, ended_behind, .. } = &mut *index;
    let mut ended = Vec::new();
    each(audit, &ID_MAP, &wanted, |batch| {
        let texts = strings(batch, 0..3)?;
        let until = columns::times(batch.column(3))?;
        for row in 0..batch.num_rows() {
            let customer = bits(texts[2].value(row))?;
            if until.is_valid(row) {
                ended.push((customer, (keys.len() + ended_behind.len()) as u32));
                ended_behind.push(keys.len() as u32);
                continue;
            }
            let (channel, id) = (texts[0].value(row), texts[1].value(row));
            let last = keys.len().checked_sub(1).map(|last| last as u32);
            if last.is_some_and(|last| (keys.channel(last), keys.record_id(last)) >= (channel, id)) {
                return Err(Error::bug("table id_map is not in the order of its records"));
            }
            keys.push(channel, id);
            let place = customers.binary_search(&customer);
            let place = place.map_err(|_| unlike("id_map", "golden_customer", "customer"))?;
            customer_of.push(place as u32);
        }
        Ok(())
    })
    .await?;
    index.ended = Rows::new(ended);
    (index.ends, index.rows) = by_customer(&index.customer_of, index.customers.len());
    index.keys.shrink();
    index.names.shrink();
    index.customer_of.shrink_to_fit();
    index.customers.shrink_to_fit();
    index.households.shrink_to_fit();
    index.birth_dates.shrink_to_fit();
    Ok(())
}

/// The rows of so many customers, one customer after the other, and where those of each end.
pub(super) fn by_customer(customer_of: &[u32], customers: usize) -> (Vec<u32>, Vec<u32>) {
    let mut ends = vec![0u32; customers + 1];
    customer_of.iter().for_each(|place| ends[*place as usize + 1] += 1);
    (1..ends.len()).for_each(|place| ends[place] += ends[place - 1]);
    let mut rows = vec![0; customer_of.len()];
    for (row, place) in customer_of.iter().enumerate() {
        let next = &mut ends[*place as usize];
        rows[*next as usize] = row as u32;
        *next += 1;
    }
    ends.pop();
    (ends, rows)
}

fn unlike(table: &str, other: &str, of: &str) -> Error {
    Error::data(format!("table {table} has a {of} that table {other} has not")).hint(crate::error::VERIFY)
}

/// The rows of parts of names. One column after the other: what waits to be sorted is of one.
async fn names(audit: &Audit, index: &mut Index) -> Result<()> {
    let mut parts: [[Rows; 2]; 2] = Default::default();
    for (place, column) in
        [col::FAMILY_NAME, col::FAMILY_KANA, col::GIVEN_NAME, col::GIVEN_KANA].into_iter().enumerate()
    {
        let mut found = Vec::with_capacity(index.len());
        // Names are few: their keys are made once.
        let mut keys: HashMap<String, u64, foldhash::fast::FixedState> = HashMap::default();
        let mut first = 0u32;
        each(audit, &SOURCE_RECORD, &[column], |batch| {
            let texts = columns::strings(batch.column(0))?;
            for row in (0..texts.len()).filter(|row| texts.is_valid(*row)) {
                let text = texts.value(row);
                let hash = match keys.get(text) {
                    Some(hash) => *hash,
                    None => {
                        let is_kana = place % 2 == 1;
                        let key = if is_kana { kana::kana_key(text) } else { name::part_key(text).to_lowercase() };
                        *keys.entry(text.to_string()).or_insert(hash_of(&key))
                    }
                };
                found.push((hash, first + row as u32));
            }
            first += batch.num_rows() as u32;
            Ok(())
        })
        .await?;
        if first as usize != index.len() {
            return Err(unlike("source_record or id_map", "other", "record"));
        }
        parts[place / 2][place % 2] = Rows::new(found);
    }
    index.parts = parts;
    Ok(())
}

/// The rows of phones, mail addresses and numbers.
async fn contacts(audit: &Audit, index: &mut Index) -> Result<()> {
    index.phones = Rows::new(hashes(audit, col::PHONES, index.len()).await?);
    index.emails = Rows::new(hashes(audit, col::EMAILS, index.len()).await?);
    index.numbers = Rows::new(hashes(audit, col::IDENTIFIERS, index.len()).await?);
    Ok(())
}

/// The values of a column of `source_record`, as hashes with their rows: a text, each of a list, the numbers of identifiers.
pub(in crate::audit) async fn hashes(audit: &Audit, column: &str, records: usize) -> Result<Vec<(u64, u32)>> {
    let mut found = Vec::with_capacity(records);
    let mut first = 0u32;
    each(audit, &SOURCE_RECORD, &[column], |batch| {
        if let Ok(texts) = columns::strings(batch.column(0)) {
            let rows = texts.iter().enumerate().filter_map(|(row, text)| Some((hash_of(text?), first + row as u32)));
            found.extend(rows);
        } else {
            let lists = columns::lists(batch.column(0))?;
            let values: &ArrayRef = match lists.values().data_type() {
                DataType::Struct(_) => columns::field(columns::structs(lists.values())?, col::VALUE)?,
                _ => lists.values(),
            };
            let values = columns::strings(values)?;
            for (row, ends) in lists.value_offsets().windows(2).enumerate().filter(|(row, _)| lists.is_valid(*row)) {
                let items = ends[0] as usize..ends[1] as usize;
                found.extend(items.map(|item| (hash_of(values.value(item)), first + row as u32)));
            }
        }
        first += batch.num_rows() as u32;
        Ok(())
    })
    .await?;
    Ok(found)
}

/// The rows of `id_event` by the ids that they name: whose they are, and the other one where that is no record.
async fn events(audit: &Audit, index: &mut Index) -> Result<()> {
    if !audit.run.tables.iter().any(|(name, ..)| name == ID_EVENT.name) {
        return Ok(());
    }
    let mut found = Vec::with_capacity(index.customers.len());
    let mut place = 0;
    each(audit, &ID_EVENT, &[col::CUSTOMER_ID, col::COUNTERPART], |batch| {
        let texts = strings(batch, 0..2)?;
        for row in 0..batch.num_rows() {
            let ids = texts.iter().filter_map(|text| bits_of(columns::text_at(text, row)?));
            found.extend(ids.map(|id| (id, place)));
            place += 1;
        }
        Ok(())
    })
    .await?;
    index.events = Rows::new(found);
    Ok(())
}

/// The rows of `ledger` that name each record.
async fn links(audit: &Audit, index: &mut Index) -> Result<()> {
    let mut found: Vec<(u32, u32)> = Vec::new();
    let mut place = 0;
    each(audit, &LEDGER, LEDGER.key, |batch| {
        let texts = strings(batch, 0..LEDGER.key.len())?;
        for row in 0..batch.num_rows() {
            // A decision of a person may name a record that is gone.
            let sides = texts.chunks(2).filter_map(|side| index.row(side[0].value(row), side[1].value(row)));
            found.extend(sides.map(|record| (record as u32, place)));
            place += 1;
        }
        Ok(())
    })
    .await?;
    found.sort_unstable();
    let mut ends = Vec::with_capacity(index.len());
    for record in 0..index.len() as u32 {
        let before = ends.last().map_or(0, |end| *end as usize);
        let own = found[before..].iter().take_while(|(of, _)| *of == record).count();
        ends.push((before + own) as u32);
    }
    // Collected of references: a vector made of the other one would keep its memory.
    (index.link_ends, index.links) = (ends, found.iter().map(|(_, place)| *place).collect());
    Ok(())
}

fn strings(batch: &RecordBatch, wanted: std::ops::Range<usize>) -> Result<Vec<&StringArray>> {
    Ok(wanted.map(|c| columns::strings(batch.column(c))).collect::<datafusion::error::Result<_>>()?)
}
