//! Ids over runs, from the `id_map` of the run before to rows of `id_event`.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::hash::BuildHasher;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch, StringArray, StringBuilder, TimestampMicrosecondArray};
use datafusion::logical_expr::ident;
use datafusion::prelude::DataFrame;
use foldhash::fast::FixedState;
use futures::TryStreamExt;
use hashbrown::HashTable;

use super::Keys;
use crate::config::Renames;
use crate::error::{Error, Result};
use crate::tables::columns;
use crate::tables::contract::{ID_EVENT, TIME_ZONE, col};
use nayose_matching::identity::alias::Aliases;
use nayose_matching::identity::carry::{ATTEMPTS, Before, Carried, Event, EventKind, Issued, NO_ID, carry};
use nayose_matching::identity::customer_id::{Kind, id_of};
use nayose_matching::identity::former::Former;
use nayose_matching::identity::tombstone::Tombstones;

/// The ids that the records had in the run before.
#[derive(Debug, Default)]
pub(crate) struct Earlier {
    /// Customer ids.
    pub customers: Before,
    /// Household ids.
    pub households: Before,
    /// The customers of records that are gone since, by their place in `customers.issued`.
    gone: Vec<u32>,
    /// Those of them whose records were erased.
    erased: HashSet<u32>,
}

impl Earlier {
    /// Reads the `id_map` of the run before, with its history: an id is as old as its oldest row. `aliases` are those of that run. A
    /// record whose number was given to somebody else has no id of before.
    ///
    /// # Errors
    /// As the engine says.
    pub(crate) async fn read(
        map: DataFrame,
        aliases: &Aliases,
        keys: &Keys,
        given_anew: &HashSet<u32>,
        tombstones: Option<&Tombstones>,
    ) -> Result<Self> {
        let (mut customers, mut households) = (Reader::new(keys.len()), Reader::new(keys.len()));
        let (mut gone, mut erased) = (Vec::new(), HashSet::new());
        // The rows that ever had an id that is an alias.
        let mut rows: HashMap<String, Vec<u32>> = HashMap::new();
        let columns = [
            col::CHANNEL,
            col::RECORD_ID,
            col::CUSTOMER_ID,
            col::HOUSEHOLD_ID,
            col::VALID_FROM,
            col::VALID_TO,
            col::VALID_FROM_RUN,
        ];
        let mut batches = map.select(columns.map(ident).to_vec())?.execute_stream().await?;
        let mut last = None;
        while let Some(batch) = batches.try_next().await? {
            let [channel, record, customer, household] =
                [0, 1, 2, 3].map(|c| columns::strings(batch.column(c)).cloned());
            let (channel, record, customer, household) = (channel?, record?, customer?, household?);
            let (from, to) = (columns::times(batch.column(4))?, columns::times(batch.column(5))?);
            // A run that kept no number is older than all that did.
            let runs = columns::longs(batch.column(6))?;
            let since = |i: usize| (from.value(i), if runs.is_valid(i) { runs.value(i) } else { 0 });
            for i in 0..batch.num_rows() {
                let open = to.is_null(i);
                let row = if open { keys.row_after(last, channel.value(i), record.value(i)) } else { None };
                last = row.or(last);
                // The record of before is gone: its number is somebody else's.
                let row = row.filter(|row| !given_anew.contains(row));
                let place = customers.add(customer.value(i), since(i), open, row);
                households.add(household.value(i), since(i), open, row);
                if !open
                    && aliases.merged_into(customer.value(i)).is_some()
                    && let Some(row) = keys.row_after(last, channel.value(i), record.value(i))
                    // Nobody knows which holder of a number that was given anew had the id.
                    && keys.holder(row) == 0
                {
                    rows.entry(customer.value(i).to_string()).or_default().push(row);
                }
                if open && row.is_none() {
                    gone.push(place);
                    if tombstones.is_some_and(|t| t.has(channel.value(i), record.value(i))) {
                        erased.insert(place);
                    }
                }
            }
        }
        // Closed ids are not issued any more: they keep their place, without a record.
        customers.before.former = Former::all(&customers.before.issued, aliases, rows);
        households.before.former = Former::all(&households.before.issued, &Aliases::default(), HashMap::new());
        Ok(Earlier { customers: customers.before, households: households.before, gone, erased })
    }

    /// The ids that lost a record which is gone, and why.
    fn lost(&self) -> HashMap<&str, &'static str> {
        let why = |place: &u32| if self.erased.contains(place) { ERASURE } else { "a record is gone" };
        self.gone.iter().map(|place| (self.customers.issued[*place as usize].id.as_str(), why(place))).collect()
    }
}

/// The cause of what an erasure did.
const ERASURE: &str = "erasure";

/// The causes of what happens to records of which nobody says anything else than before.
pub(super) const MODEL: &str = "model";
pub(super) const THRESHOLDS: &str = "thresholds";

/// Reads the ids of one kind.
struct Reader {
    /// The places of the ids in `before.issued`, by the ids' hashes.
    places: HashTable<u32>,
    before: Before,
}

impl Reader {
    fn new(rows: usize) -> Self {
        Reader { places: HashTable::new(), before: Before { of_row: vec![NO_ID; rows], ..Before::default() } }
    }

    fn add(&mut self, id: &str, since: (i64, i64), open: bool, row: Option<u32>) -> u32 {
        let hash = |id: &str| FixedState::default().hash_one(id);
        let issued = &mut self.before.issued;
        let same = |place: &u32| issued[*place as usize].id == id;
        let place = match self.places.find(hash(id), same) {
            Some(place) => *place,
            None => {
                let place = issued.len() as u32;
                issued.push(Issued { id: id.to_string(), since: since.0, run: since.1, records: 0 });
                self.places.insert_unique(hash(id), place, |place| hash(&issued[*place as usize].id));
                place
            }
        };
        let issued = &mut issued[place as usize];
        (issued.since, issued.run) = since.min((issued.since, issued.run));
        issued.records += u32::from(open);
        if let Some(row) = row {
            self.before.of_row[row as usize] = place;
        }
        place
    }
}

/// The id of every set.
pub(super) fn ids(kind: Kind, keys: &Keys, labels: &[u32], before: &Before, renames: &Renames) -> Result<Carried> {
    // Each holder of a number has ids of its own.
    let own = |row: u32, attempt| {
        let attempt = attempt + ATTEMPTS * keys.holder(row);
        id_of(kind, renames.founding(keys.channel(row)), keys.record_id(row), attempt)
    };
    carry(labels, before, |row| keys.age(row), own).ok_or_else(|| Error::bug("no free id was found"))
}

/// EventKind can cause an event, besides a new record.
pub(crate) struct Causes<'a> {
    /// The ids of before.
    pub earlier: &'a Earlier,
    /// The records on which a person decided since, or took a decision back, or whose decision expired.
    pub decided: HashMap<u32, &'static str>,
    /// The records whose values changed since.
    pub changed: HashSet<u32>,
    /// Whether the thresholds are others than those of the run before.
    pub thresholds: bool,
}

impl Causes<'_> {
    /// Why an event happened: the first cause that one of its rows has, the strongest first.
    fn of(&self, event: &Event, lost: &HashMap<&str, &'static str>) -> &'static str {
        let new = |row: &u32| self.earlier.customers.of_row[*row as usize] == NO_ID;
        let any = |is: &dyn Fn(&u32) -> bool| event.rows.iter().any(is);
        let other = match &event.kind {
            EventKind::Merged(other) | EventKind::Split(other) => other,
            _ => &event.id,
        };
        let decided = event.rows.iter().filter_map(|row| self.decided.get(row).copied());
        // `decision` comes before `decision expired`.
        let by_decision = decided.min();
        match (&event.kind, by_decision) {
            (EventKind::Created, _) => "new record",
            (EventKind::Retired, _) if lost.get(event.id.as_str()) == Some(&ERASURE) => ERASURE,
            (EventKind::Retired, _) => "no record is left",
            (_, Some(cause)) => cause,
            _ if any(&new) => "new record",
            _ if any(&|row| self.changed.contains(row)) => "changed value",
            _ => {
                let otherwise = if self.thresholds { THRESHOLDS } else { MODEL };
                lost.get(other.as_str()).or(lost.get(event.id.as_str())).copied().unwrap_or(otherwise)
            }
        }
    }
}

/// The rows whose values have to be looked at for the causes of the events.
pub(crate) fn rows_to_look_at(events: &[Event]) -> Vec<u32> {
    let mut rows: Vec<u32> = events.iter().flat_map(|e| e.rows.iter().copied()).collect();
    rows.sort_unstable();
    rows.dedup();
    rows
}

/// A row of `id_event`: id, event, counterpart, cause.
type EventRow<'a> = (&'a str, &'static str, Option<Cow<'a, str>>, &'static str);

fn event_row<'a>(event: &'a Event, keys: &Keys, cause: &'static str) -> EventRow<'a> {
    let (word, counterpart) = match &event.kind {
        EventKind::Created => ("created", None),
        EventKind::Joined(row) => ("joined", Some(Cow::Owned(keys.name(*row)))),
        EventKind::Merged(into) => ("merged", Some(Cow::Borrowed(into.as_str()))),
        EventKind::Split(from) => ("split", Some(Cow::Borrowed(from.as_str()))),
        EventKind::Retired if cause == ERASURE => ("erased", None),
        EventKind::Retired => ("retired", None),
    };
    (&event.id, word, counterpart, cause)
}

/// The rows of `id_event`. `events` come in order of their ids.
///
/// # Errors
/// Bug, if the table cannot be built.
pub(crate) fn event_table(
    keys: &Keys,
    events: &[Event],
    causes: &Causes,
    as_of: i64,
    run_id: &str,
) -> Result<RecordBatch> {
    let lost = causes.earlier.lost();
    let [mut ids, mut words, mut counterparts, mut reasons] = [(); 4].map(|()| StringBuilder::new());
    for of_id in events.chunk_by(|a, b| a.id == b.id) {
        let mut rows: Vec<EventRow> = of_id.iter().map(|e| event_row(e, keys, causes.of(e, &lost))).collect();
        rows.sort();
        for (id, word, counterpart, cause) in rows {
            ids.append_value(id);
            words.append_value(word);
            counterparts.append_option(counterpart);
            reasons.append_value(cause);
        }
    }
    let times = TimestampMicrosecondArray::from(vec![as_of; events.len()]).with_timezone(TIME_ZONE);
    let columns: Vec<ArrayRef> = vec![
        Arc::new(ids.finish()),
        Arc::new(StringArray::from_iter_values(events.iter().map(|_| run_id))),
        Arc::new(words.finish()),
        Arc::new(counterparts.finish()),
        Arc::new(reasons.finish()),
        Arc::new(times),
    ];
    Ok(RecordBatch::try_new(ID_EVENT.schema(), columns)?)
}
