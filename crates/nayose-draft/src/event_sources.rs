//! What ties events together, and rows that are several events: the source of a table of events in, its sources out.
//!
//! A send is one message to one person, and a session is of one visitor: the number of a mailing, or of a session, tells them apart only beside
//! whose it is. A row with several times is one source for each, over the same files.

use std::collections::{HashMap, HashSet};

use crate::columns::{Column, TableMeaning};
use crate::meaning::Kind;
use crate::moments::MomentDraft;
use crate::scalar::{sql_column, sql_text};
use crate::sources::{Holds, Mapping, Place, SourceDraft, empty, of_kind};

/// The first column of a kind.
fn column(table: &TableMeaning, kind: Kind) -> Option<&Column> {
    of_kind(table, kind).into_iter().next()
}

/// The place of a column.
fn place_of(table: &TableMeaning, name: &str) -> Option<usize> {
    table.columns.iter().position(|c| c.name == name)
}

/// Maps an attribute to several columns together, or to an expression on them.
fn put(source: &mut SourceDraft, attribute: &str, columns: Vec<String>, expression: Option<String>, why: &str) {
    source.columns.retain(|mapping| mapping.attribute != attribute);
    source.columns.push(Mapping {
        attribute: attribute.to_owned(),
        join: columns.len() > 1,
        columns,
        mixed: false,
        expression,
        sure: false,
        reasons: vec![why.to_owned()],
    });
}

/// Whether a value of one column stands beside several of another.
fn is_shared(table: &TableMeaning, one: &str, other: &str) -> bool {
    let (Some(one), Some(other)) = (place_of(table, one), place_of(table, other)) else { return false };
    let mut seen: HashMap<&str, &str> = HashMap::new();
    (0..table.table.rows.len()).any(|row| {
        let (a, b) = (table.table.cell(row, one), table.table.cell(row, other));
        !a.is_empty() && !b.is_empty() && *seen.entry(a).or_insert(b) != b
    })
}

/// Names the send of a message and the visit of a hit by whose they are.
pub(crate) fn name_groups(table: &TableMeaning, source: &mut SourceDraft) {
    let group = column(table, Kind::TransactionId).map(|c| c.name.clone());
    match (table.topic, source.record_id.as_slice()) {
        (Some("message"), [person]) => {
            let person = person.clone();
            match group {
                Some(group) if is_shared(table, &group, &person) => {
                    put(
                        source,
                        "transaction_id",
                        vec![group, person],
                        None,
                        "a mailing goes to many, and a send to one person",
                    );
                }
                Some(_) => {}
                None => {
                    let campaign = column(table, Kind::Campaign).map(|c| c.name.clone());
                    if let Some(campaign) = campaign.filter(|_| table.moments.is_empty()) {
                        let why = "no column has the number of a send: it is one campaign to one person";
                        put(source, "transaction_id", vec![campaign, person], None, why);
                    }
                }
            }
        }
        (Some("web_visit"), _) => {
            let visitor = column(table, Kind::VisitorId).filter(|c| c.facts.filled == c.facts.rows);
            match (group, visitor.map(|c| c.name.clone())) {
                (Some(group), Some(visitor)) => {
                    let why = "a session is of one visitor: others may have its number";
                    put(source, "transaction_id", vec![visitor, group], None, why);
                }
                (None, Some(visitor)) => day_of_visitor(table, visitor, source),
                _ => {}
            }
        }
        _ => {}
    }
}

/// Where no column has the number of a visit, a visit is a visitor's day, in Japan.
fn day_of_visitor(table: &TableMeaning, visitor: String, source: &mut SourceDraft) {
    let [time] = source.occurred_at.as_slice() else { return };
    let Some(place) = place_of(table, time) else { return };
    let is_day = |text: &str| text.get(4..5).is_some_and(|sign| sign == "-" || sign == "/") && text.len() > 10;
    if !table.table.filled(place).all(is_day) {
        return;
    }
    let is_utc = table.known.is_some_and(|preset| preset.time_zone == Some("UTC"))
        || table.table.filled(place).any(|text| text.ends_with('Z') || text.ends_with("UTC"));
    let (visit, time) = (sql_column(&visitor), time.clone());
    let day = match is_utc {
        true => format!("cast(cast({} as timestamp) + interval '9 hours' as date)", sql_column(&time)),
        false => format!("substr({}, 1, 10)", sql_column(&time)),
    };
    let why = "no column has the number of a visit: a visit is a visitor's day";
    put(source, "transaction_id", vec![visitor, time], Some(format!("{visit} || ' ' || {day}")), why);
}

/// The sources of rows that are several events; the source itself where a row is one.
pub(crate) fn moments(table: &TableMeaning, mut source: SourceDraft, place: &mut Place<'_>) -> Vec<SourceDraft> {
    if table.moments.is_empty() {
        return vec![source];
    }
    source.event_id = key(table, &source);
    source.equal_rows_are_two = false;
    let key = source.event_id.clone();
    match table.topic {
        Some("contract") if column(table, Kind::AccountId).is_none() => {
            let contract = column(table, Kind::EventId).or_else(|| column(table, Kind::RecordId));
            if let Some(contract) = contract.map(|c| c.name.clone()) {
                put(&mut source, "account_id", vec![contract], None, "no other column has the number of the contract");
            }
        }
        Some("message") => put(&mut source, "transaction_id", key, None, "a row is one send"),
        _ => {}
    }
    each(&source, &table.moments, place)
}

/// When the members of a list joined, and when they left: a membership is an event too, as consent ends with it.
pub(crate) fn memberships(table: &TableMeaning, members: &SourceDraft, place: &mut Place<'_>) -> Vec<SourceDraft> {
    let moments = crate::moments::of_members(&table.columns);
    if moments.is_empty() || members.record_id.is_empty() {
        return Vec::new();
    }
    let mut source = empty(place, table, "memberships", Holds::Events);
    source.event_type = Some("membership".to_owned());
    source.record_id.clone_from(&members.record_id);
    source.event_id.clone_from(&members.record_id);
    each(&source, &moments, place)
}

/// A source for each time of a row.
fn each(source: &SourceDraft, moments: &[MomentDraft], place: &mut Place<'_>) -> Vec<SourceDraft> {
    let one = |(i, moment): (usize, &MomentDraft)| {
        let mut one = source.clone();
        if i > 0 {
            let base = format!("{}_{}", source.name, moment.category);
            let numbered = (2..).map(|n| format!("{base}_{n}"));
            let mut names = std::iter::once(base.clone()).chain(numbered);
            one.name = names.find(|name| place.taken.insert(name.clone())).unwrap_or_default();
        }
        one.occurred_at = vec![moment.column.clone()];
        one.columns.retain(|mapping| !moment.lacks.contains(&mapping.attribute.as_str()));
        one.maybe.retain(|maybe| !moment.lacks.contains(&maybe.attribute));
        let expression =
            format!("case when {} <> '' then {} end", sql_column(&moment.column), sql_text(moment.category));
        let why = "the name of the time says what happened then";
        put(&mut one, "category", vec![moment.column.clone()], Some(expression), why);
        one.moment = Some(moment.clone());
        one
    };
    moments.iter().enumerate().map(one).collect()
}

/// The columns that tell rows apart, in this delivery and in the next: none that changes when another of the times comes to be. A person who
/// stands in the sample once may have two contracts, and gets the next message.
fn key(table: &TableMeaning, source: &SourceDraft) -> Vec<String> {
    let name = |kind: Kind| column(table, kind).map(|c| c.name.clone());
    let person = match source.record_id.as_slice() {
        [person] => Some(person.clone()),
        _ => None,
    };
    let first = table.moments.first().map(|moment| moment.column.clone());
    let [event, account, order, coupon, campaign] =
        [Kind::EventId, Kind::AccountId, Kind::TransactionId, Kind::CouponId, Kind::Campaign].map(name);
    let candidates: Vec<Vec<String>> = [
        vec![&account],
        vec![&event],
        vec![&order],
        vec![&coupon],
        vec![&account, &first],
        vec![&order, &person],
        vec![&coupon, &person],
        vec![&campaign, &person],
        vec![&person, &first],
        vec![&coupon, &person, &first],
        vec![&campaign, &person, &first],
    ]
    .into_iter()
    .filter_map(|candidate| candidate.into_iter().cloned().collect())
    .collect();
    let tells_apart = |columns: &&Vec<String>| {
        let places: Vec<usize> = columns.iter().filter_map(|column| place_of(table, column)).collect();
        let mut seen = HashSet::new();
        (0..table.table.rows.len()).all(|row| {
            let cells: Vec<&str> = places.iter().map(|place| table.table.cell(row, *place)).collect();
            cells.iter().all(|cell| !cell.is_empty()) && seen.insert(cells)
        })
    };
    candidates.iter().find(tells_apart).or(candidates.last()).cloned().unwrap_or_default()
}

/// The column of the number of an order. That of a send or of a visit ties rows together, and tells neither them nor their people apart.
pub(crate) fn order_of(table: &TableMeaning) -> Option<usize> {
    table.place_of(Kind::TransactionId).filter(|_| !is_grouped(table))
}

/// Whether rows belong together without being lines of one thing: sends, hits of a visit.
fn is_grouped(table: &TableMeaning) -> bool {
    matches!(table.topic, Some("message" | "web_visit"))
}

/// The columns that tell rows apart, and whether rows that are equal in them are still two events.
pub(crate) fn event_id(table: &TableMeaning) -> (Vec<String>, bool) {
    let line = table.place_of(Kind::EventId);
    let item = table.place_of(Kind::ItemId).filter(|_| !is_grouped(table));
    let order = order_of(table);
    let choices = [vec![line], vec![order, line], vec![order], vec![order, item]];
    for choice in choices {
        let Some(places) = choice.into_iter().collect::<Option<Vec<usize>>>() else { continue };
        let mut seen = HashSet::new();
        let distinct = table.table.rows.iter().all(|row| {
            let key: Vec<&str> = places.iter().filter_map(|place| row.get(*place)).map(String::as_str).collect();
            key.iter().all(|cell| !cell.is_empty()) && seen.insert(key)
        });
        // An order's number tells rows apart only where a row is an order: another delivery may have orders of two lines.
        let by_chance = places == [order.unwrap_or(usize::MAX)] && item.is_some();
        if distinct && !by_chance {
            return (places.iter().map(|place| table.columns[*place].name.clone()).collect(), false);
        }
    }
    let known: Vec<usize> = if line.is_some() { vec![line] } else { vec![order, item] }.into_iter().flatten().collect();
    (known.into_iter().map(|place| table.columns[place].name.clone()).collect(), true)
}

/// Columns that are filled on the first row of an order and empty on its others.
pub(crate) fn fill_down(table: &TableMeaning) -> Vec<String> {
    let Some(order) = order_of(table) else { return Vec::new() };
    let rows = &table.table.rows;
    let cell = |row: usize, column: usize| table.table.cell(row, column);
    let following: Vec<usize> =
        (1..rows.len()).filter(|i| !cell(*i, order).is_empty() && cell(*i, order) == cell(*i - 1, order)).collect();
    let firsts: Vec<usize> = following.iter().filter(|i| !following.contains(&(**i - 1))).map(|i| i - 1).collect();
    let stands_once = |column: usize| {
        firsts.iter().any(|row| !cell(*row, column).is_empty())
            && following.iter().all(|row| cell(*row, column).is_empty())
    };
    let documented = table.known.is_some_and(|preset| preset.fill_down);
    let used = |c: &Column| c.meaning.kind != Kind::Unused && c.meaning.kind < Kind::RecordId;
    let goods = |c: &Column| c.meaning.kind.is_event_attribute();
    if following.is_empty() {
        let of_order = |c: &&Column| documented && used(c) && !goods(c);
        return table.columns.iter().filter(of_order).map(|c| c.name.clone()).collect();
    }
    let names = table.columns.iter().enumerate().filter(|(i, c)| c.meaning.kind != Kind::Unused && stands_once(*i));
    names.map(|(_, c)| c.name.clone()).collect()
}
