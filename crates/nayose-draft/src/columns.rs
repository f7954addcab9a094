//! The meaning of each column of a table: header and values in, meanings with reasons out.
//!
//! A preset is believed where its columns stand. Without one the words of the name speak first, and the values agree,
//! say nothing or contradict. Where both are silent, nothing is claimed.

use serde::Serialize;

use crate::closed::{ClosedSet, ValueCount};
use crate::facts::{Evidence, Facts, Sort, evidence};
use crate::meaning::{Kind, Meaning, Party};
use crate::moments::{self, MomentDraft};
use crate::preset::{self, Match, Preset};
use crate::rows::Table;
use crate::words::{Words, words};
use crate::{Sample, parts, shape};

/// A column and what it means.
#[derive(Clone, Debug, Serialize)]
pub struct Column {
    /// Its name in the file; `column 3` where the file has no header.
    pub name: String,
    /// What it means.
    pub meaning: Meaning,
    /// Whether nothing else fits; otherwise it is a guess.
    pub sure: bool,
    /// Why, without any value.
    pub reason: String,
    /// Counts of its cells in the sample.
    pub facts: Facts,
    /// Its values with counts, where they are a small closed set: sex, consent, status.
    pub values: Option<Vec<ValueCount>>,
    /// Of a consent: whether a yes of the file means no (配信停止, HasOptedOutOfEmail).
    pub refuses: bool,
    /// Whether it has phone numbers in some rows and mail addresses in others. Its meaning is the first then.
    pub mixed: bool,
    /// What it may be, and why nobody can say: it stands as a comment in the draft.
    pub maybe: Option<(Kind, String)>,
    /// Of the time of an event of its own: what happened then (`start`, `opened`).
    pub moment: Option<&'static str>,
    /// The number in its name, which orders parts.
    #[serde(skip)]
    pub(crate) number: Option<u32>,
    /// How near its name is to its meaning: less is nearer.
    #[serde(skip)]
    pub(crate) rank: usize,
    /// The place of a part of an address.
    #[serde(skip)]
    pub(crate) place: u8,
    /// What its values are.
    #[serde(skip)]
    pub(crate) evidence: Evidence,
}

/// What the columns of one table mean.
#[derive(Clone, Debug, Serialize)]
pub struct TableMeaning {
    /// Where in a JSON document its rows are.
    pub path: Option<String>,
    /// The known export that it is: `shopify.orders`.
    pub preset: Option<&'static str>,
    /// That export's name for people.
    pub title: Option<&'static str>,
    /// The columns in order.
    pub columns: Vec<Column>,
    /// What its rows tell, where they are events: `purchase`, `point`, …
    pub topic: Option<&'static str>,
    /// The table of what events name that it is: `product`, `store`, `medium_spend`.
    pub reference: Option<&'static str>,
    /// Times of a row that are events of their own.
    pub moments: Vec<MomentDraft>,
    /// Whether the names of its columns together tell that rows are events.
    #[serde(skip)]
    pub(crate) is_topic: bool,
    /// The preset, for what it says beside columns.
    #[serde(skip)]
    pub(crate) known: Option<&'static Preset>,
    /// The rows of the sample.
    #[serde(skip)]
    pub(crate) table: Table,
}

/// The meanings of all columns of a sample: one table for a file of rows, one for each list of a JSON document.
pub fn columns(sample: &Sample<'_>) -> Vec<TableMeaning> {
    shape::read(sample).1.into_iter().map(|table| meanings(table, true)).collect()
}

/// The same from words and values alone, as for an export that nobody documented: what the quality of guesses is
/// measured with.
pub fn columns_without_presets(sample: &Sample<'_>) -> Vec<TableMeaning> {
    shape::read(sample).1.into_iter().map(|table| meanings(table, false)).collect()
}

pub(crate) fn meanings(table: Table, presets: bool) -> TableMeaning {
    let found = if presets { preset::find(&table.columns) } else { None };
    let mut columns: Vec<Column> = table
        .columns
        .iter()
        .enumerate()
        .map(|(i, name)| column(name, evidence(&table, i), found.as_ref().and_then(|found| known(found, i))))
        .collect();
    parts::join(&table, &mut columns);
    let known = found.as_ref().map(|found| found.preset);
    let reference = crate::references::settle(&table, &mut columns, known.and_then(|preset| preset.table));
    let may_be_events = known.is_none() && reference.is_none();
    let several = moments::find(&table, &columns).filter(|_| may_be_events);
    let of_events = match &several {
        Some((topic, _)) => Some(*topic),
        None => crate::event_facts::topic(&columns).filter(|_| may_be_events),
    };
    let moments = several.map(|(_, moments)| moments).unwrap_or_default();
    if of_events.is_some() {
        crate::event_facts::no_people(&mut columns);
    }
    match of_events {
        Some(topic) if moments.is_empty() => crate::event_facts::before(&mut columns, topic),
        Some(topic) => moments::settle(&mut columns, &moments, topic),
        None => {}
    }
    if reference.is_none() {
        crate::choose::settle(&table, &mut columns, of_events.is_some());
    }
    let topic = match known.and_then(|preset| preset.event_type) {
        _ if reference.is_some() => None,
        Some(preset) => Some(preset),
        None => of_events.or_else(|| crate::event_facts::topic_of_events(&columns)),
    };
    if let Some(topic) = topic {
        crate::event_facts::settle(&table, &mut columns, topic, moments.is_empty());
    }
    for (i, column) in columns.iter_mut().enumerate().filter(|(_, column)| column.meaning.kind.is_closed()) {
        let mut set = ClosedSet::default();
        table.rows.iter().filter_map(|row| row.get(i)).for_each(|value| set.add(value));
        column.values = set.values();
    }
    TableMeaning {
        path: table.path.clone(),
        preset: known.map(|p| p.name),
        title: known.map(|p| p.title),
        columns,
        topic,
        reference,
        moments,
        is_topic: of_events.is_some(),
        known,
        table,
    }
}

fn known(found: &Match, column: usize) -> Option<(Meaning, &'static str)> {
    found.meanings.get(column).copied().flatten().map(|meaning| (meaning, found.preset.title))
}

fn column(name: &str, evidence: Evidence, known: Option<(Meaning, &'static str)>) -> Column {
    let words = words(name);
    let (meaning, sure, reason, rank) = match known {
        Some((meaning, title)) => by_preset(meaning, title, &evidence),
        None => by_words_and_values(&words, &evidence),
    };
    let mixed = known.is_none() && evidence.is_phone_or_mail();
    let (meaning, sure, reason) = match mixed {
        true => {
            let reason = "its values are phone numbers in some rows and mail addresses in others";
            (Meaning { kind: Kind::Phone, ..meaning }, false, reason.into())
        }
        false => (meaning, sure, reason),
    };
    Column {
        name: name.to_owned(),
        meaning,
        sure,
        reason,
        facts: evidence.facts,
        values: None,
        refuses: meaning.kind.contact().is_some() && words.has("refuse"),
        mixed,
        maybe: None,
        moment: None,
        number: words.number,
        rank,
        place: words.place_of_address(),
        evidence,
    }
}

/// The rank of an id of which nobody says whose it is.
pub(crate) const WEAK: usize = usize::MAX - 1;

/// Rows from which few different values tell that they are no names of people: セミナー名 has a dozen.
const MANY: usize = 20;
/// Rows that share a value on average from which values are few.
const SHARED: usize = 10;

/// What names of people look like.
const NAMES: [Sort; 4] = [Sort::Name, Sort::Family, Sort::Given, Sort::Kana];

type Told = (Meaning, bool, String, usize);

fn by_preset(meaning: Meaning, title: &str, evidence: &Evidence) -> Told {
    let reason = format!("{title} has this column");
    match agreement(meaning.kind, evidence) {
        // Parts are no whole values.
        Some(false) if meaning.part == 0 => (meaning, false, format!("{reason}, but {}", unlike(meaning.kind)), 0),
        _ => (meaning, true, reason, 0),
    }
}

fn unlike(kind: Kind) -> String {
    format!("its values do not look like {}", described(kind))
}

fn by_words_and_values(words: &Words, evidence: &Evidence) -> Told {
    let by_values = by_values(evidence);
    let Some((meaning, rank)) = words.meaning() else {
        return match by_values {
            Some(kind) => (
                Meaning::new(kind),
                false,
                format!("its name says nothing, and nearly all values look like {}", described(kind)),
                usize::MAX,
            ),
            None if evidence.facts.is_empty() => (
                Meaning::new(Kind::Unused),
                false,
                "its name says nothing, and it is empty in the sample".into(),
                usize::MAX,
            ),
            None => {
                (Meaning::new(Kind::Unused), false, "neither its name nor its values say what it is".into(), usize::MAX)
            }
        };
    };
    if meaning.kind == Kind::Unused {
        // Names of columns that are not used seldom hide contact data.
        let contact = by_values.filter(|kind| matches!(kind, Kind::Email | Kind::Phone) && words.covered < 0.7);
        return match contact {
            Some(kind) => {
                (Meaning { kind, ..meaning }, false, format!("its values look like {}", described(kind)), usize::MAX)
            }
            None => (
                meaning,
                words.covered > 0.6,
                "its name says that it is nothing of a person or of an event that is used".into(),
                rank,
            ),
        };
    }
    let says = format!("its name says {}", described(meaning.kind));
    // 申込番号 is an id, but of what is not known.
    if words.is_only_id() && words.covered < 0.9 {
        return (Meaning::new(Kind::RecordId), false, "its name says that it is an id, but not of what".into(), WEAK);
    }
    if evidence.facts.is_empty() && words.covered < 0.7 {
        let reason = format!(
            "a part of its name says {}, the rest is unknown, and it is empty in the sample",
            described(meaning.kind)
        );
        return (Meaning::new(Kind::Unused), false, reason, rank);
    }
    let of_name = matches!(meaning.kind, Kind::Name | Kind::FamilyName | Kind::GivenName);
    let facts = &evidence.facts;
    let few = facts.filled >= MANY && facts.distinct * SHARED < facts.filled;
    let are_names = NAMES.iter().map(|sort| evidence.share(*sort)).sum::<f64>() >= 0.5;
    if of_name && words.covered < 0.6 && (few || !are_names) {
        let reason = "a part of its name says a name, but its values are no names of people";
        return (Meaning::new(Kind::Unused), false, reason.into(), rank);
    }
    match agreement(meaning.kind, evidence) {
        Some(true) => (meaning, true, format!("{says}, and its values look like it"), rank),
        None if evidence.facts.is_empty() => (meaning, false, format!("{says}; it is empty in the sample"), rank),
        None => (meaning, words.covered > 0.6, says, rank),
        Some(false) => contradicted(meaning, says, by_values, evidence, rank),
    }
}

/// The name says one thing and the values another: the values are what a run will read.
fn contradicted(meaning: Meaning, says: String, by_values: Option<Kind>, evidence: &Evidence, rank: usize) -> Told {
    use Kind::{OccurredAt, OccurredDate, OccurredTime};
    let told = |kind: Kind| format!("{says}, but its values look like {}", described(kind));
    match meaning.kind {
        OccurredTime | OccurredDate if evidence.mostly(&[Sort::Moment]) => {
            return (
                Meaning { kind: OccurredAt, ..meaning },
                true,
                format!("{says}, and its values have day and time"),
                rank,
            );
        }
        OccurredAt if evidence.mostly(&[Sort::TimeOfDay]) => {
            return (
                Meaning { kind: OccurredTime, ..meaning },
                true,
                format!("{says}, and its values are times of day"),
                rank,
            );
        }
        // Parts in several columns are judged with their neighbours.
        Kind::Phone | Kind::PostalCode if evidence.mostly(&[Sort::Number]) && evidence.share(Sort::Phone) < 0.2 => {
            return (meaning, false, format!("{says}, but its values are too short or too long for it"), rank);
        }
        // FirstOpenDate is no given name.
        Kind::Name | Kind::FamilyName | Kind::GivenName if evidence.mostly(&[Sort::Day, Sort::Moment]) => {
            let reason = format!("{says}, but its values are times");
            return (Meaning { kind: Kind::Unused, ..meaning }, false, reason, usize::MAX);
        }
        Kind::Name if evidence.mostly(&[Sort::Code]) || evidence.share(Sort::Code) > 0.8 => {
            return (
                Meaning { kind: Kind::RecordId, ..meaning },
                false,
                format!("{says}, but its values look like codes"),
                usize::MAX,
            );
        }
        _ => {}
    }
    match by_values.filter(|kind| kind.is_person_attribute()) {
        Some(kind) => (Meaning { kind, ..meaning }, false, told(kind), rank),
        // 発行番号 is no time, and a key that is a word is no number of anybody.
        None if matches!(meaning.kind, Kind::RegisteredAt | Kind::UpdatedAt | Kind::Identifier) => {
            (Meaning { kind: Kind::Unused, ..meaning }, false, format!("{says}, but {}", unlike(meaning.kind)), rank)
        }
        None if meaning.kind.is_event_attribute() => {
            (Meaning { kind: Kind::Unused, ..meaning }, false, format!("{says}, but {}", unlike(meaning.kind)), rank)
        }
        None => (meaning, false, format!("{says}, but {}", unlike(meaning.kind)), rank),
    }
}

/// Whether the values are of this kind; `None` where there are none, or where any value can be.
pub(crate) fn agreement(kind: Kind, evidence: &Evidence) -> Option<bool> {
    if evidence.facts.is_empty() {
        return None;
    }
    let at_least = |share: f64, sorts: &[Sort]| Some(sorts.iter().map(|s| evidence.share(*s)).sum::<f64>() >= share);
    let contact = evidence.mostly(&[Sort::Email, Sort::Phone]) || evidence.mostly(&[Sort::Url]);
    match kind {
        Kind::Email => at_least(0.5, &[Sort::Email]),
        Kind::Phone => at_least(0.5, &[Sort::Phone]),
        Kind::PostalCode => at_least(0.5, &[Sort::Postal, Sort::PostalDigits]),
        Kind::BirthDate | Kind::OccurredDate => at_least(0.5, &[Sort::Day, Sort::Moment]),
        Kind::OccurredAt | Kind::RegisteredAt | Kind::UpdatedAt | Kind::ConsentAt => {
            at_least(0.5, &[Sort::Day, Sort::Moment])
        }
        Kind::OccurredTime => at_least(0.5, &[Sort::TimeOfDay, Sort::ClockDigits]),
        Kind::Kana | Kind::FamilyKana | Kind::GivenKana => at_least(0.5, &[Sort::Kana, Sort::Letters]),
        Kind::Name | Kind::FamilyName | Kind::GivenName => Some(!contact && evidence.share(Sort::Letters) >= 0.5),
        Kind::Address => Some(!contact && evidence.share(Sort::Moment) < 0.5),
        Kind::Quantity | Kind::UnitPrice | Kind::Amount => at_least(0.8, &[Sort::Number, Sort::Money]),
        Kind::Discount | Kind::PointsUsed | Kind::ShippingCharged | Kind::ShippingCost | Kind::Tax | Kind::Score => {
            at_least(0.8, &[Sort::Number, Sort::Money])
        }
        Kind::Cost => at_least(0.8, &[Sort::Number, Sort::Money]),
        Kind::ValidUntil | Kind::BoughtOn | Kind::LaunchedOn | Kind::OpenedOn => {
            at_least(0.5, &[Sort::Day, Sort::Moment])
        }
        Kind::Sex => Some(evidence.facts.distinct <= 6),
        Kind::RecordId | Kind::EventId | Kind::TransactionId | Kind::Identifier => {
            Some(!contact && !evidence.mostly(&[Sort::Letters]) && evidence.share(Sort::Moment) < 0.5)
        }
        kind if kind.contact().is_some() => Some(evidence.facts.distinct <= 8 && !contact),
        _ => None,
    }
}

/// The kind that the values alone tell: only kinds that hardly anything else looks like.
fn by_values(evidence: &Evidence) -> Option<Kind> {
    let is = |sort: Sort| evidence.share(sort) >= 0.8;
    let several = evidence.facts.distinct >= 3;
    match () {
        () if is(Sort::Email) => Some(Kind::Email),
        () if is(Sort::Phone) => Some(Kind::Phone),
        () if is(Sort::Postal) => Some(Kind::PostalCode),
        () if is(Sort::Place) || is(Sort::Prefecture) => Some(Kind::Address),
        () if is(Sort::Sex) => Some(Kind::Sex),
        () if is(Sort::BirthDay) && several => Some(Kind::BirthDate),
        () if is(Sort::Luhn) && several => Some(Kind::Identifier),
        () if is(Sort::Jan) && several => Some(Kind::ItemId),
        () if is(Sort::Kana) && several => Some(Kind::Kana),
        () if is(Sort::Name) && several => Some(Kind::Name),
        () if is(Sort::Family) && several => Some(Kind::FamilyName),
        () if is(Sort::Given) && several => Some(Kind::GivenName),
        () => None,
    }
}

/// A kind in words.
pub(crate) fn described(kind: Kind) -> &'static str {
    match kind {
        Kind::Name => "a name",
        Kind::Kana => "a name in kana",
        Kind::FamilyName => "a family name",
        Kind::GivenName => "a given name",
        Kind::FamilyKana => "a family name in kana",
        Kind::GivenKana => "a given name in kana",
        Kind::BirthDate => "a birth date",
        Kind::Sex => "a sex",
        Kind::Phone => "a phone number",
        Kind::Email => "a mail address",
        Kind::PostalCode => "a postal code",
        Kind::Address => "an address",
        Kind::TransactionId => "the number of an order",
        Kind::StoreId => "a store",
        Kind::ItemId => "the code of an article",
        Kind::ItemName => "the name of an article",
        Kind::Quantity => "a quantity",
        Kind::UnitPrice => "a price",
        Kind::Amount => "an amount of money",
        Kind::Category => "a kind of event",
        Kind::Detail => "a text about an event",
        Kind::Discount => "money taken off",
        Kind::PointsUsed => "points used as money",
        Kind::ShippingCharged => "shipping that the customer paid",
        Kind::ShippingCost => "shipping that the shop bore",
        Kind::Tax => "consumption tax",
        Kind::CouponId => "a coupon",
        Kind::ReceiptId => "a receipt",
        Kind::Medium => "a medium",
        Kind::Campaign => "a campaign",
        Kind::Arm => "an arm of a test",
        Kind::VisitorId => "a visitor of the web",
        Kind::AccountId => "an account or a contract",
        Kind::CorporateNumber => "a corporate number",
        Kind::ValidUntil => "when it expires",
        Kind::BoughtOn => "the day of a purchase",
        Kind::SerialNumber => "the number of one piece",
        Kind::Staff => "who was in charge",
        Kind::Score => "an answer on a scale",
        Kind::Reason => "why",
        Kind::CategoryPath => "where an article belongs",
        Kind::Cost => "the cost of an article",
        Kind::LaunchedOn => "when an article came out",
        Kind::Role => "what an article is for",
        Kind::StoreName => "the name of a store",
        Kind::Prefecture => "a prefecture",
        Kind::OpenedOn => "when a store opened",
        Kind::Month => "a month",
        Kind::RecordId => "the id of a person",
        Kind::Identifier => "another number of a person",
        Kind::EventId => "the id of an event",
        Kind::OccurredAt => "the time of an event",
        Kind::OccurredDate => "the day of an event",
        Kind::OccurredTime => "a time of day",
        Kind::OccurredZone => "a time zone",
        Kind::RegisteredAt => "the time when a record was made",
        Kind::UpdatedAt => "the time when a record was changed",
        Kind::ConsentAt => "the time of a consent",
        Kind::Status => "a state",
        Kind::RowKind => "the kind of a row",
        Kind::Unused => "nothing that is used",
        _ => "a consent",
    }
}

impl TableMeaning {
    /// The place of the first column of a kind, of the person.
    pub(crate) fn place_of(&self, kind: Kind) -> Option<usize> {
        self.columns.iter().position(|c| c.meaning.kind == kind && c.meaning.party == Party::Person)
    }

    /// Whether rows are events: they have an article, money, a kind or an id of what happened.
    pub(crate) fn has_events(&self) -> bool {
        self.reference.is_none() && (self.is_topic || crate::choose::has_events(&self.columns))
    }
}
