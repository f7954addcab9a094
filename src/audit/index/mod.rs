//! What makes questions about a run quick: which rows a customer has, whose a record is, whose a phone or a name is.
//!
//! In: the published tables of a run, read once. Out: an [`Index`], flat arrays of some hundred bytes a record. It holds no values of
//! records but their ids, and the names and birth dates of customers; what else is shown is read from the tables, whose rows lie in the
//! order of their keys. A question that finds no index scans the tables and has the same answer: one asked by itself is answered sooner
//! than an index is made.

mod flat;
mod read;

use std::collections::BTreeSet;
use std::ops::Range;

use super::meaning::{Meant, NamePart, NameValue};
use crate::stages::cluster::Keys;
pub(super) use flat::hash_of;
use flat::{Rows, common};
use nayose_matching::identity::customer_id::{self, Kind};
use nayose_matching::texts::Texts;
pub(super) use read::{hashes, index, shown_name};

/// The index of a run. A row is the place of a record in the order of channel and id.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// Channel and id by row.
    keys: Keys,
    /// Row → place of the customer.
    customer_of: Vec<u32>,
    /// Customer ids in order, as bits.
    customers: Vec<u64>,
    /// Their households.
    households: Vec<u64>,
    /// Their names as a search shows them.
    names: Texts,
    /// Their birth dates, in days since 1970.
    birth_dates: Vec<Option<i32>>,
    /// Where the rows of each customer end.
    ends: Vec<u32>,
    /// Rows by customer, in order.
    rows: Vec<u32>,
    /// Of tables in the order of customers: where the rows of each customer end.
    ends_of: Vec<(&'static str, Vec<u32>)>,
    /// How many records that hold lie before each row of `id_map` that holds no more, in order.
    ended_behind: Vec<u32>,
    /// Places in `id_map` of the rows that hold no more, by the bits of their customer.
    ended: Rows,
    /// Places in `id_event` by the bits of each customer id that they name.
    events: Rows,
    /// Places in `ledger` by row, in order, and where those of each row end.
    links: Vec<u32>,
    link_ends: Vec<u32>,
    phones: Rows,
    emails: Rows,
    numbers: Rows,
    /// Family and given names: as written, and as read.
    parts: [[Rows; 2]; 2],
}

impl Index {
    /// An index of records, each `channel:record_id`, and the places of their customers.
    #[cfg(test)]
    pub(super) fn made(records: &[&str], customer_of: Vec<u32>) -> Self {
        let customers: Vec<u64> = (0..customer_of.iter().max().map_or(0, |last| u64::from(*last) + 1)).collect();
        let (ends, rows) = read::by_customer(&customer_of, customers.len());
        Index { keys: Keys::made(records), customer_of, customers, ends, rows, ..Index::default() }
    }

    /// Channel and id of every row.
    pub(super) fn keys(&self) -> &Keys {
        &self.keys
    }

    /// The row of a record.
    pub(super) fn row(&self, channel: &str, id: &str) -> Option<usize> {
        self.keys.row(channel, id).map(|row| row as usize)
    }

    /// Number of records.
    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }

    /// Channel and id of a row.
    pub(super) fn key(&self, row: usize) -> (&str, &str) {
        (self.keys.channel(row as u32), self.keys.record_id(row as u32))
    }

    /// Number of customers.
    pub(super) fn customers(&self) -> usize {
        self.customers.len()
    }

    /// The customer of a row.
    pub(super) fn customer(&self, row: usize) -> String {
        self.customer_at(self.customer_of[row])
    }

    /// The customer of a place.
    pub(super) fn customer_at(&self, place: u32) -> String {
        customer_id::of_bits(Kind::Customer, self.customers[place as usize])
    }

    /// The place of a customer among all.
    pub(super) fn place(&self, customer: &str) -> Option<usize> {
        self.customers.binary_search(&customer_id::bits_of(customer)?).ok()
    }

    /// The rows of a customer, in order; none where there is no such customer.
    pub(super) fn rows_of(&self, customer: &str) -> &[u32] {
        self.place(customer).map_or(&[], |place| self.rows_at(place))
    }

    /// The rows of the customer of a place, in order.
    pub(super) fn rows_at(&self, place: usize) -> &[u32] {
        let start = place.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.rows[start as usize..self.ends[place] as usize]
    }

    /// The places of a customer's rows in a table that is in the order of customers; `None` where there is no such table or customer.
    pub(super) fn range_of(&self, table: &str, customer: &str) -> Option<Range<usize>> {
        let (_, ends) = self.ends_of.iter().find(|(name, _)| *name == table)?;
        let place = self.place(customer)?;
        let start = place.checked_sub(1).map_or(0, |before| ends[before]);
        Some(start as usize..ends[place] as usize)
    }

    /// The places in `id_map` of the records that a customer has or had.
    pub(super) fn memberships_of(&self, customer: &str) -> Vec<usize> {
        let now = self.rows_of(customer).iter().map(|row| {
            let ended_before = self.ended_behind.partition_point(|before| before <= row);
            *row as usize + ended_before
        });
        let ended = customer_id::bits_of(customer).map_or(&[][..], |bits| self.ended.of_hash(bits));
        now.chain(ended.iter().map(|place| *place as usize)).collect()
    }

    /// The places in `id_event` of what happened to a customer, or to others with it.
    pub(super) fn events_of(&self, customer: &str) -> Vec<usize> {
        let places = customer_id::bits_of(customer).map_or(&[][..], |bits| self.events.of_hash(bits));
        places.iter().map(|place| *place as usize).collect()
    }

    /// The places in `ledger` of the decisions that name a record, in order.
    pub(super) fn links_of(&self, row: usize) -> &[u32] {
        let start = row.checked_sub(1).map_or(0, |before| self.link_ends[before]);
        &self.links[start as usize..self.link_ends[row] as usize]
    }

    /// The place of a record's customer: records of one customer have one.
    pub(super) fn customer_place(&self, row: usize) -> u32 {
        self.customer_of[row]
    }

    /// The household of a customer.
    pub(super) fn household(&self, customer: &str) -> Option<String> {
        Some(customer_id::of_bits(Kind::Household, self.households[self.place(customer)?]))
    }

    /// The other customers of a customer's household, in order.
    pub(super) fn relatives(&self, customer: &str) -> Vec<String> {
        let Some(place) = self.place(customer) else { return Vec::new() };
        // Numbers in a row: a million of them are read in a fraction of a millisecond.
        let others = (0..self.households.len())
            .filter(|other| self.households[*other] == self.households[place] && *other != place);
        others.map(|other| customer_id::of_bits(Kind::Customer, self.customers[other])).collect()
    }

    /// The birth date of a customer, in days since 1970.
    pub(super) fn birth_date(&self, customer: &str) -> Option<i32> {
        self.birth_dates[self.place(customer)?]
    }

    /// The name of a customer; empty where none is known.
    pub(super) fn name(&self, customer: &str) -> &str {
        self.place(customer).map_or("", |place| self.names.get(place))
    }

    /// The customers of the records that something holds for, in order, `most` at most.
    pub(super) fn meant(&self, meant: &Meant, most: usize) -> Vec<String> {
        let rows = match meant {
            Meant::Email(address) => self.emails.of(address).to_vec(),
            Meant::Phone(number) => self.phones.of(number).to_vec(),
            Meant::Number(key) => self.numbers.of(key).to_vec(),
            Meant::RecordId(id) => {
                self.keys.channels().iter().filter_map(|channel| self.keys.row(channel, id)).collect()
            }
            Meant::Name(any) => any.iter().flat_map(|parts| self.named(parts)).collect(),
        };
        let places: BTreeSet<u32> = rows.into_iter().map(|row| self.customer_of[row as usize]).collect();
        let ids = places.into_iter().take(most).map(|place| self.customers[place as usize]);
        ids.map(|bits| customer_id::of_bits(Kind::Customer, bits)).collect()
    }

    /// The rows with all of these parts of a name.
    fn named(&self, parts: &[(NamePart, NameValue)]) -> Vec<u32> {
        let mut found: Option<Vec<u32>> = None;
        for (part, value) in parts {
            let [written, spoken] = &self.parts[*part as usize];
            let mut rows = written.of(&value.key).to_vec();
            value.readings.iter().for_each(|reading| rows.extend(spoken.of(reading)));
            rows.sort_unstable();
            rows.dedup();
            found = Some(found.map_or_else(|| rows.clone(), |before| common(&before, &rows)));
        }
        found.unwrap_or_default()
    }
}
