//! The sources that one table can be: meanings of columns in, sources of a pipeline file out.
//!
//! A table of members is one source. A table of orders is up to three: the events, their buyers, and the recipients.

use std::collections::HashSet;

use serde::Serialize;

use crate::columns::{Column, TableMeaning};
use crate::event_words::{self, WordsDraft};
use crate::meaning::{Kind, Party};
use crate::moments::MomentDraft;
use crate::words::words;
use crate::{event_sources, fact_sources};

/// What the rows of a source are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Holds {
    /// People.
    People,
    /// What happened.
    Events,
    /// What events name.
    Reference,
}

/// A column that may be an attribute, and why nobody can say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MaybeDraft {
    /// The attribute.
    pub attribute: &'static str,
    /// The column.
    pub column: String,
    /// Why it is not mapped.
    pub why: String,
    /// An expression that would map it.
    pub expression: Option<String>,
}

/// An attribute and the columns that it comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Mapping {
    /// The attribute: one of the built-in ones, or a declared identifier.
    pub attribute: String,
    /// Its columns in the order of their parts.
    pub columns: Vec<String>,
    /// Whether the columns are parts of one value; otherwise each is a value, except of addresses, which are joined.
    pub join: bool,
    /// Whether the attribute has those rows of its only column alone that are of its kind: a column of phone numbers and mail addresses.
    pub mixed: bool,
    /// An expression on the columns that makes the value, where no column has it as it is.
    pub expression: Option<String>,
    /// Whether every column is sure.
    pub sure: bool,
    /// Why, column by column.
    pub reasons: Vec<String>,
}

impl Mapping {
    /// Whether the attribute is an identifier that the pipeline has to declare.
    pub fn is_identifier(&self) -> bool {
        !crate::meaning::KINDS.iter().any(|kind| kind.as_str() == self.attribute)
    }
}

/// A column that says whether a person may be contacted. Which values mean yes is a question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ConsentDraft {
    /// The way of contact: `email`, `sms`, …
    pub contact: &'static str,
    /// The column.
    pub column: String,
    /// Whether a yes of the file is a no: 配信停止, HasOptedOutOfEmail.
    pub refuses: bool,
    /// Column of the time of the answer.
    pub at: Option<String>,
}

/// A source of a drafted pipeline.
#[derive(Clone, Debug, Serialize)]
pub struct SourceDraft {
    /// Its name.
    pub name: String,
    /// The channel that its ids belong to.
    pub channel: String,
    /// What its rows are.
    pub holds: Holds,
    /// The file.
    pub file: String,
    /// Where in a JSON document the rows are.
    pub path: Option<String>,
    /// The table of what events name that it fills.
    pub table: Option<&'static str>,
    /// The kind of its events.
    pub event_type: Option<String>,
    /// Columns of which the first that is filled is the record's id.
    pub record_id: Vec<String>,
    /// Columns of whose values the record's id is a digest, where no column has an id.
    pub record_id_digest: Vec<String>,
    /// Columns of the event's id, joined.
    pub event_id: Vec<String>,
    /// Whether equal rows of one file are two events, because nothing numbers the lines of an order.
    pub equal_rows_are_two: bool,
    /// Columns of the time of an event: one, or day, time and zone.
    pub occurred_at: Vec<String>,
    /// Column of the time when the record was made.
    pub registered_at: Option<String>,
    /// Column of the time when the record was changed.
    pub updated_at: Option<String>,
    /// Attributes.
    pub columns: Vec<Mapping>,
    /// Consents.
    pub consent: Vec<ConsentDraft>,
    /// Columns whose values say which rows to leave out.
    pub status: Vec<String>,
    /// The money of a row as an expression, where no column has it.
    pub amount: Option<String>,
    /// What words of its columns mean.
    pub words: Vec<WordsDraft>,
    /// Columns that may be something.
    pub maybe: Vec<MaybeDraft>,
    /// Columns that stand on the first row of an order only.
    pub fill_down: Vec<String>,
    /// The file, path and column of the orders that a file of lines belongs to, which have buyer and time.
    pub join: Option<(String, Option<String>, String)>,
    /// Whether its use is asked about: recipients.
    pub asked: bool,
    /// Which of the times of a row its events are, where a row has several.
    pub moment: Option<MomentDraft>,
}

/// The channel of a table's orders and recipients.
pub(crate) struct Place<'a> {
    pub(crate) file: &'a str,
    pub(crate) channel: &'a str,
    /// Whether another table has the members of this channel, so that ids of orders need a channel of their own.
    pub(crate) has_members: bool,
    /// Names of sources that are taken.
    pub(crate) taken: &'a mut HashSet<String>,
}

pub(crate) fn empty(place: &mut Place<'_>, table: &TableMeaning, suffix: &str, holds: Holds) -> SourceDraft {
    let base = format!("{}_{suffix}", place.channel);
    let mut name = base.clone();
    let mut number = 2;
    while !place.taken.insert(name.clone()) {
        name = format!("{base}_{number}");
        number += 1;
    }
    SourceDraft {
        name,
        channel: place.channel.to_owned(),
        holds,
        file: place.file.to_owned(),
        path: table.path.clone(),
        table: None,
        event_type: None,
        record_id: Vec::new(),
        record_id_digest: Vec::new(),
        event_id: Vec::new(),
        equal_rows_are_two: false,
        occurred_at: Vec::new(),
        registered_at: None,
        updated_at: None,
        columns: Vec::new(),
        consent: Vec::new(),
        status: Vec::new(),
        amount: None,
        words: Vec::new(),
        maybe: Vec::new(),
        fill_down: Vec::new(),
        join: None,
        asked: false,
        moment: None,
    }
}

/// Topics whose rows tell who it was beyond an id.
const WITH_BUYERS: [&str; 4] = ["purchase", "card_use", "ticket", "event"];

/// Whether the columns of a party can tell a person: a name, or a contact.
pub(crate) fn has_people(table: &TableMeaning, party: Party) -> bool {
    use Kind::{Email, FamilyKana, FamilyName, Kana, Name, Phone};
    table.columns.iter().any(|c| {
        c.meaning.party == party && matches!(c.meaning.kind, Name | Kana | FamilyName | FamilyKana | Phone | Email)
    })
}

/// Whether rows of events tell who it was beyond an id: a name alone tells nobody.
fn has_buyers(table: &TableMeaning) -> bool {
    use Kind::{Address, Email, Phone, PostalCode};
    let contact = |kind: Kind| matches!(kind, Email | Phone | Address | PostalCode);
    table.columns.iter().any(|c| c.meaning.party == Party::Person && contact(c.meaning.kind))
}

/// The sources of a table.
pub(crate) fn sources(table: &TableMeaning, mut place: Place<'_>) -> Vec<SourceDraft> {
    if let Some(name) = table.reference {
        return vec![fact_sources::reference(table, &mut place, name)];
    }
    let events = table.has_events();
    let mut out = Vec::new();
    if !events {
        if has_people(table, Party::Person) {
            let members = members(table, &mut place);
            let memberships = event_sources::memberships(table, &members, &mut place);
            out.push(members);
            out.extend(memberships);
        }
        return out;
    }
    let key = key(table);
    // Who a message went to is a record of its own already, but where a mail address is all that tells who it is.
    let buyers = has_buyers(table) && (is_with_buyers(table) || key.by_mail);
    // Orders and members number separately: 1001 is both.
    let own = key.of_event && place.has_members;
    let events_channel = if own { format!("{}_order", place.channel) } else { place.channel.to_owned() };
    if buyers {
        let suffix = if table.topic.is_none_or(|topic| WITH_BUYERS.contains(&topic)) { "buyers" } else { "people" };
        let mut source = people(table, &mut place, suffix, Party::Person);
        source.channel.clone_from(&events_channel);
        source.record_id.clone_from(&key.columns);
        if key.columns.is_empty() {
            source.record_id_digest = digest(&source);
        }
        // Beside the order's number, the member's id is what leads to the member.
        for column in of_kind(table, Kind::RecordId).into_iter().filter(|_| key.of_event) {
            source.columns.push(mapping(&attribute_name(place.channel, ""), &[column], false));
        }
        source.updated_at = names(table, Kind::OccurredAt).into_iter().next().filter(|_| table.moments.is_empty());
        out.push(source);
    }
    if has_people(table, Party::Recipient) {
        let mut source = people(table, &mut place, "recipients", Party::Recipient);
        source.channel = format!("{}_ship", place.channel);
        source.asked = true;
        if key.of_event {
            source.record_id.clone_from(&key.columns);
        } else {
            source.record_id_digest = digest(&source);
        }
        source.updated_at = names(table, Kind::OccurredAt).into_iter().next();
        out.push(source);
    }
    let mut source = happened(table, &mut place);
    let person = names(table, Kind::RecordId);
    if buyers || person.is_empty() {
        source.channel = events_channel;
        source.record_id = key.columns;
        if let Some(first) = out.first() {
            source.record_id_digest.clone_from(&first.record_id_digest);
        }
    } else {
        source.record_id = if key.of_event { person } else { key.columns };
    }
    event_sources::name_groups(table, &mut source);
    out.extend(event_sources::moments(table, source, &mut place));
    out
}

/// Whether rows of the table's topic tell who it was beyond an id.
fn is_with_buyers(table: &TableMeaning) -> bool {
    let is_contract = !table.moments.is_empty() && table.topic == Some("contract");
    is_contract || table.topic.is_none_or(|topic| WITH_BUYERS.contains(&topic))
}

/// What tells the person of a row of events.
struct Key {
    /// Columns of which the first that is filled has the id; none where no column has one.
    columns: Vec<String>,
    /// Whether it is the id of the event, not of a person: every order is a record of its own.
    of_event: bool,
    /// Whether it is a mail address, as nothing else tells who it is.
    by_mail: bool,
}

/// The key of the people in rows of events: the order's number, since guests have no other; else the ids of a person that
/// together stand on every row (userId, anonymousId); else, of what went to somebody, the mail address; else the id of the event.
fn key(table: &TableMeaning) -> Key {
    let everywhere = |kind: Kind| {
        let places: Vec<usize> = table.place_of(kind).into_iter().collect();
        (!places.is_empty() && fills(table, &places)).then(|| names(table, kind))
    };
    if let Some(columns) = everywhere(Kind::TransactionId).filter(|_| event_sources::order_of(table).is_some()) {
        return Key { columns, of_event: true, by_mail: false };
    }
    if let Some(columns) = everywhere(Kind::RecordId) {
        return Key { columns, of_event: false, by_mail: false };
    }
    let is_person = |c: &Column| c.meaning.kind == Kind::RecordId || c.meaning.kind == Kind::Identifier;
    let mut person: Vec<usize> = (0..table.columns.len()).filter(|i| is_person(&table.columns[*i])).collect();
    person.sort_by_key(|i| table.columns[*i].meaning.kind != Kind::RecordId);
    if !person.is_empty() && fills(table, &person) {
        return Key {
            columns: person.iter().map(|i| table.columns[*i].name.clone()).collect(),
            of_event: false,
            by_mail: false,
        };
    }
    // The list of a mail tool has no other id.
    if person.is_empty()
        && !is_with_buyers(table)
        && let Some(columns) = everywhere(Kind::Email).filter(|columns| columns.len() == 1)
    {
        return Key { columns, of_event: false, by_mail: true };
    }
    if let Some(columns) = everywhere(Kind::EventId) {
        return Key { columns, of_event: true, by_mail: false };
    }
    Key { columns: names(table, Kind::RecordId), of_event: false, by_mail: false }
}

/// Whether every row has a value in one of the columns at least.
fn fills(table: &TableMeaning, columns: &[usize]) -> bool {
    (0..table.table.rows.len()).all(|row| columns.iter().any(|column| !table.table.cell(row, *column).is_empty()))
}

fn digest(source: &SourceDraft) -> Vec<String> {
    source.columns.iter().flat_map(|m| m.columns.iter().cloned()).collect()
}

fn members(table: &TableMeaning, place: &mut Place<'_>) -> SourceDraft {
    let mut source = people(table, place, "people", Party::Person);
    source.record_id = names(table, Kind::RecordId);
    if source.record_id.is_empty() {
        source.record_id_digest = digest(&source);
    }
    source.registered_at = names(table, Kind::RegisteredAt).into_iter().next();
    source.updated_at = names(table, Kind::UpdatedAt).into_iter().next();
    source
}

pub(crate) fn of_kind(table: &TableMeaning, kind: Kind) -> Vec<&Column> {
    table.columns.iter().filter(|c| c.meaning.kind == kind && c.meaning.party == Party::Person).collect()
}

pub(crate) fn names(table: &TableMeaning, kind: Kind) -> Vec<String> {
    of_kind(table, kind).into_iter().map(|c| c.name.clone()).collect()
}

pub(crate) fn mapping(attribute: &str, columns: &[&Column], join: bool) -> Mapping {
    // A name that stands twice in a header names one column.
    let mut names = HashSet::new();
    let columns: Vec<&Column> = columns.iter().copied().filter(|column| names.insert(&column.name)).collect();
    Mapping {
        attribute: attribute.to_owned(),
        columns: columns.iter().map(|c| c.name.clone()).collect(),
        join,
        mixed: matches!(columns[..], [only] if only.mixed),
        expression: None,
        sure: columns.iter().all(|c| c.sure),
        reasons: columns.iter().map(|c| c.reason.clone()).collect(),
    }
}

/// Whether a column has values of a kind.
fn is_of(column: &Column, kind: Kind) -> bool {
    column.meaning.kind == kind || (column.mixed && column.meaning.kind == Kind::Phone && kind == Kind::Email)
}

/// A source of people with the attributes of a party.
fn people(table: &TableMeaning, place: &mut Place<'_>, suffix: &str, party: Party) -> SourceDraft {
    let mut source = empty(place, table, suffix, Holds::People);
    for kind in crate::meaning::KINDS.iter().copied().filter(|kind| kind.is_person_attribute()) {
        let mut columns: Vec<&Column> =
            table.columns.iter().filter(|c| is_of(c, kind) && c.meaning.party == party).collect();
        if columns.is_empty() {
            continue;
        }
        let join = columns.iter().all(|c| c.meaning.part > 0);
        // A file may have the street before the city; parts go in the order in which they are written.
        match kind {
            Kind::Address => columns.sort_by_key(|c| c.place),
            _ => columns.sort_by_key(|c| c.meaning.part),
        }
        source.columns.push(mapping(kind.as_str(), &columns, join));
    }
    if party == Party::Person {
        for column in of_kind(table, Kind::Identifier).into_iter().filter(|c| !c.facts.is_empty()) {
            source.columns.push(mapping(&attribute_name(place.channel, &column.name), &[column], false));
        }
        let consents = table.columns.iter().filter_map(|c| c.meaning.kind.contact().map(|contact| (contact, c)));
        let at = names(table, Kind::ConsentAt);
        source.consent = consents
            .map(|(contact, c)| ConsentDraft {
                contact,
                column: c.name.clone(),
                refuses: c.refuses,
                at: answered_at(&at, contact),
            })
            .collect();
        source.status = names(table, Kind::Status);
        if let Some(words) = event_words::status(table) {
            source.status.retain(|column| *column != words.column);
        }
    }
    source
}

/// The column of the time of an answer: of several that of mail is for mail.
fn answered_at(columns: &[String], contact: &str) -> Option<String> {
    let of_mail = |name: &String| {
        let words = words(name);
        words.has("letter") || words.has("mail")
    };
    match columns {
        [one] if !of_mail(one) || contact == "email" => Some(one.clone()),
        several => several.iter().find(|name| of_mail(name) && contact == "email").cloned(),
    }
}

/// A name for a declared identifier: its channel, and the letters of its column or `member`. Two channels number by themselves.
fn attribute_name(channel: &str, column: &str) -> String {
    let name: String =
        column.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' }).collect();
    let name = name.trim_matches('_');
    let name = if name.is_empty() || !column.is_ascii() { "member" } else { name };
    format!("{channel}_{name}")
}

fn happened(table: &TableMeaning, place: &mut Place<'_>) -> SourceDraft {
    let mut source = empty(place, table, "events", Holds::Events);
    let order = names(table, Kind::TransactionId);
    let event_type = table.known.and_then(|preset| preset.event_type);
    let guess = table.topic.unwrap_or(if order.is_empty() { "event" } else { "purchase" });
    source.event_type = Some(event_type.unwrap_or(guess).to_owned());
    for kind in crate::meaning::KINDS.iter().copied().filter(|kind| kind.is_event_attribute()) {
        let mut columns = of_kind(table, kind);
        // What is not on every row says more: the name of an event, before that it is one.
        columns.sort_by_key(|c| if kind == Kind::Category { c.facts.filled } else { 0 });
        if !columns.is_empty() {
            source.columns.push(mapping(kind.as_str(), &columns, false));
        }
    }
    source.occurred_at = names(table, Kind::OccurredAt);
    if source.occurred_at.is_empty() {
        for kind in [Kind::OccurredDate, Kind::OccurredTime] {
            source.occurred_at.extend(names(table, kind));
        }
    }
    source.status = names(table, Kind::Status);
    source.words.extend(event_words::categories(table));
    let of_order = event_words::status(table);
    let rank = || table.columns.iter().find(|c| c.meaning.kind == Kind::Status && table.topic == Some("membership"));
    let state = of_order.as_ref().map(|words| words.column.clone()).or_else(|| rank().map(|c| c.name.clone()));
    if let Some(column) = table.columns.iter().find(|c| state.as_ref() == Some(&c.name)) {
        source.columns.push(mapping("status", &[column], false));
        source.status.retain(|name| *name != column.name);
    }
    source.words.extend(of_order);
    source.status.extend(names(table, Kind::RowKind));
    source.maybe = fact_sources::maybe(table);
    let place_of = |kind: Kind| table.place_of(kind);
    if let (None, Some(price), Some(quantity)) =
        (place_of(Kind::Amount), place_of(Kind::UnitPrice), place_of(Kind::Quantity))
    {
        source.amount = Some(format!("\"{}\" * \"{}\"", table.columns[price].name, table.columns[quantity].name));
    }
    (source.event_id, source.equal_rows_are_two) = event_sources::event_id(table);
    source.fill_down = event_sources::fill_down(table);
    source
}
