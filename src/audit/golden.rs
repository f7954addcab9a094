//! A customer in full: golden values with their source and rule, the values that lost, the records beside each other, consent,
//! household, former ids, and what it did in all channels.
//!
//! In: a customer id, a former one, or a record. Out: a [`Dossier`].

use std::collections::{BTreeMap, BTreeSet};

use arrow::datatypes::DataType;
use datafusion::logical_expr::{cast, ident, lit};
use serde::{Deserialize, Serialize};

use super::Audit;
use super::records::no_customer;
use super::rows::rows;
use crate::error::Result;
use crate::tables::contract::{CONSENT, FIELD_PROVENANCE, GOLDEN_CUSTOMER, INTERACTION, Table, col};

/// Contacts that are read of a customer, the newest first: a shop's own number has many thousands, and nobody reads them.
const MOST_CONTACTS: usize = 2000;

/// People of a household that are named: a dormitory has more.
const MOST_PEOPLE: usize = 50;

/// A customer in full.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Dossier {
    /// The customer.
    pub customer_id: String,
    /// Its household.
    pub household_id: String,
    /// Ids that were merged into it.
    pub former_ids: Vec<String>,
    /// Its golden name; in kana where no kanji are known.
    pub name: String,
    /// How sure the evidence is that its records are one person, 0 to 1.
    pub confidence: f64,
    /// Whether a decision of a person joined records that the evidence does not.
    pub joined_by_decision: bool,
    /// Its channels.
    pub channels: Vec<String>,
    /// Oldest time of its records.
    pub first_seen: Option<String>,
    /// Newest time of its records.
    pub last_seen: Option<String>,
    /// Its golden values, in the order of [`FIELDS`], declared attributes last.
    pub golden: Vec<GoldenField>,
    /// Its records, in order.
    pub records: Vec<RecordColumn>,
    /// Statements of consent, by purpose and way of contact.
    pub consent: Vec<ConsentRow>,
    /// The other people of its household.
    pub household: Vec<Relative>,
    /// What it did, newest first.
    pub contacts: Vec<Contact>,
    /// Whether it did more than is listed.
    pub more_contacts: bool,
}

/// A golden value.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GoldenField {
    /// Its name: one of [`FIELDS`], or a declared attribute.
    pub field: String,
    /// The values; none where every record lacks it.
    pub values: Vec<String>,
    /// Where it came from.
    pub source: Option<Source>,
    /// What lost, or was a record's once.
    pub losing: Vec<LosingValue>,
}

/// Where a golden value came from.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Source {
    /// `channel:record_id`.
    pub record: String,
    /// The rule of survivorship that chose it.
    pub rule: String,
    /// Time of the value.
    pub observed_at: Option<String>,
}

/// A value that is not the golden one.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LosingValue {
    /// The value.
    pub value: String,
    /// Records that have or had it.
    pub records: Vec<String>,
    /// When it was first seen.
    pub first_at: Option<String>,
    /// When it was last seen.
    pub last_at: Option<String>,
}

/// A record beside the others.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RecordColumn {
    /// `channel:record_id`.
    pub id: String,
    /// Its newest time.
    pub last_seen: Option<String>,
    /// Number of source rows.
    pub versions: i64,
    /// Problems that standardizing found, as `attribute:problem`.
    pub problems: Vec<String>,
    /// Its values, one for each of [`Dossier::golden`].
    pub cells: Vec<Cell>,
}

/// Values of a record.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Cell {
    /// The values; none where it has none.
    pub values: Vec<String>,
    /// Whether it has values and none of them is a golden one.
    pub differs: bool,
}

/// What a person agreed to.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct ConsentRow {
    /// Purpose.
    pub purpose: String,
    /// Way of contact.
    pub contact: String,
    /// denied, unknown, granted.
    pub status: String,
    /// Channel of the record that decided.
    pub channel: String,
    /// That record.
    pub record_id: String,
    /// When it said so.
    #[serde(default)]
    pub stated_at: Option<String>,
    /// Addresses and numbers that it holds for.
    #[serde(default)]
    pub contact_points: Vec<String>,
}

/// Somebody else of the household.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Relative {
    /// The customer.
    pub customer_id: String,
    /// Its golden name.
    pub name: String,
    /// Its birth date.
    pub birth_date: Option<String>,
    /// Its records.
    pub records: i64,
}

/// Something that a customer did.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Contact {
    /// When.
    #[serde(default)]
    pub occurred_at: Option<String>,
    /// Channel.
    pub channel: String,
    /// Kind of fact.
    pub event_type: String,
    /// The record that it belongs to.
    #[serde(default)]
    pub record_id: Option<String>,
    /// Name of the item.
    #[serde(default)]
    pub item_name: Option<String>,
    /// Class.
    #[serde(default)]
    pub category: Option<String>,
    /// Yen.
    #[serde(default)]
    pub amount: Option<f64>,
    /// Free text.
    #[serde(default)]
    pub detail: Option<String>,
}

/// A row that describes a person: of `golden_customer` or `source_record`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Person {
    customer_id: String,
    household_id: String,
    channel: String,
    record_id: String,
    family_name: Option<String>,
    given_name: Option<String>,
    family_kana: Option<String>,
    given_kana: Option<String>,
    birth_date: Option<String>,
    sex: Option<String>,
    postal_code: Option<String>,
    address: Option<String>,
    phones: Vec<String>,
    emails: Vec<String>,
    identifiers: Vec<Named>,
    extra: Vec<Named>,
    channels: Vec<String>,
    records: i64,
    first_seen: Option<String>,
    last_seen: Option<String>,
    confidence: f64,
    joined_by_decision: Option<bool>,
    versions: i64,
    history: Vec<Past>,
    problems: Vec<String>,
}

/// The columns of a [`Person`], as far as its table has them; beside the key of a record.
const PERSON: [&str; 23] = [
    col::CUSTOMER_ID,
    col::HOUSEHOLD_ID,
    col::FAMILY_NAME,
    col::GIVEN_NAME,
    col::FAMILY_KANA,
    col::GIVEN_KANA,
    col::BIRTH_DATE,
    col::SEX,
    col::POSTAL_CODE,
    col::ADDRESS,
    col::PHONES,
    col::EMAILS,
    col::IDENTIFIERS,
    col::EXTRA,
    col::CHANNELS,
    col::RECORDS,
    col::FIRST_SEEN,
    col::LAST_SEEN,
    col::CONFIDENCE,
    col::JOINED_BY_DECISION,
    col::VERSIONS,
    col::HISTORY,
    col::PROBLEMS,
];

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Named {
    name: String,
    value: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Past {
    attribute: String,
    value: String,
    first_at: Option<String>,
    last_at: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
struct Provenance {
    field: String,
    channel: String,
    record_id: String,
    rule: String,
    #[serde(default)]
    observed_at: Option<String>,
}

/// The fields of a golden customer, as `field_provenance` names them, and the attributes of a history that belong to them.
const FIELDS: [(&str, &[&str]); 9] = [
    ("name", &["name"]),
    ("kana", &["kana"]),
    ("birth_date", &["birth_date"]),
    ("sex", &["sex"]),
    ("phones", &["phone"]),
    ("emails", &["email"]),
    ("address", &["address"]),
    ("postal_code", &["postal_code"]),
    ("identifiers", &[]),
];

impl Person {
    /// The values of a field.
    fn values(&self, field: &str) -> Vec<String> {
        let words = |parts: [&Option<String>; 2]| {
            let found: Vec<&str> = parts.into_iter().flatten().map(String::as_str).collect();
            if found.is_empty() { Vec::new() } else { vec![found.join(" ")] }
        };
        let one = |value: &Option<String>| value.iter().cloned().collect();
        match field {
            "name" => words([&self.family_name, &self.given_name]),
            "kana" => words([&self.family_kana, &self.given_kana]),
            "birth_date" => one(&self.birth_date),
            "sex" => one(&self.sex),
            "phones" => self.phones.clone(),
            "emails" => self.emails.clone(),
            "address" => one(&self.address),
            "postal_code" => one(&self.postal_code),
            "identifiers" => self.identifiers.iter().map(|of| format!("{} {}", of.name, of.value)).collect(),
            other => self.extra.iter().filter(|of| of.name == other).map(|of| of.value.clone()).collect(),
        }
    }

    fn name(&self) -> String {
        let mut names = self.values("name").into_iter().chain(self.values("kana"));
        names.next().unwrap_or_default()
    }

    fn id(&self) -> String {
        format!("{}:{}", self.channel, self.record_id)
    }
}

impl Audit {
    /// A customer in full, by its id, by a former one, or by a record `channel:record_id`.
    ///
    /// # Errors
    /// Usage, where there is none.
    pub async fn dossier(&self, typed: &str) -> Result<Dossier> {
        let id = self.customer_id(typed).await?;
        let golden = rows::<Person>(self.of_customer(&GOLDEN_CUSTOMER, &id, &PERSON).await?).await?;
        let Some(golden) = golden.into_iter().next() else {
            return Err(no_customer(format!("there is no customer {id} in run {}", self.run.run_id), &id));
        };
        let members = self.records_of(&id).await?;
        let order = [col::CHANNEL, col::RECORD_ID].map(|c| ident(c).sort(true, false)).to_vec();
        let records: Vec<Person> = rows(self.of_records(&members, &PERSON).await?.sort(order)?).await?;
        let provenance: Vec<Provenance> =
            rows(self.of_customer(&FIELD_PROVENANCE, &id, &columns_of(&FIELD_PROVENANCE)).await?).await?;
        let order = [col::PURPOSE, col::CONTACT].map(|c| ident(c).sort(true, false)).to_vec();
        let consent = rows(self.of_customer(&CONSENT, &id, &columns_of(&CONSENT)).await?.sort(order)?).await?;
        let mut contacts = self.contacts(&id).await?;
        let more_contacts = contacts.len() > MOST_CONTACTS;
        contacts.truncate(MOST_CONTACTS);
        let golden_fields = golden_fields(&golden, &records, provenance);
        Ok(Dossier {
            household: self.relatives(&golden.household_id, &id).await?,
            former_ids: self.aliases().await?.of(&id),
            name: golden.name(),
            records: records.iter().map(|record| record_column(record, &golden_fields)).collect(),
            golden: golden_fields,
            customer_id: golden.customer_id,
            household_id: golden.household_id,
            confidence: golden.confidence,
            joined_by_decision: golden.joined_by_decision.unwrap_or(false),
            channels: golden.channels,
            first_seen: golden.first_seen,
            last_seen: golden.last_seen,
            consent,
            contacts,
            more_contacts,
        })
    }

    /// What a customer did, the newest first: one more than are listed, where there are more.
    async fn contacts(&self, id: &str) -> Result<Vec<Contact>> {
        let shown = [
            col::OCCURRED_AT,
            col::CHANNEL,
            col::EVENT_TYPE,
            col::RECORD_ID,
            col::ITEM_NAME,
            col::CATEGORY,
            col::DETAIL,
        ];
        let read: Vec<&str> = shown.into_iter().chain([col::EVENT_ID, col::AMOUNT]).collect();
        let facts = self.of_customer(&INTERACTION, id, &read).await?;
        let newest = vec![ident(col::OCCURRED_AT).sort(false, false), ident(col::EVENT_ID).sort(true, false)];
        let facts = facts.sort(newest)?.limit(0, Some(MOST_CONTACTS + 1))?;
        let amount = cast(ident(col::AMOUNT), DataType::Float64).alias(col::AMOUNT);
        rows(facts.select(shown.map(ident).into_iter().chain([amount]).collect::<Vec<_>>())?).await
    }

    /// The other people of a household.
    async fn relatives(&self, household: &str, id: &str) -> Result<Vec<Relative>> {
        if let Some(index) = self.index.get() {
            let relative = |customer_id: String| Relative {
                name: index.name(&customer_id).to_string(),
                birth_date: index.birth_date(&customer_id).and_then(date_text),
                records: index.rows_of(&customer_id).len() as i64,
                customer_id,
            };
            return Ok(index.relatives(id).into_iter().take(MOST_PEOPLE).map(relative).collect());
        }
        let people = self.table(GOLDEN_CUSTOMER.name).await?;
        let people = people.filter(ident(col::HOUSEHOLD_ID).eq(lit(household)))?;
        let people = people.filter(ident(col::CUSTOMER_ID).not_eq(lit(id)))?;
        let people = people.sort(vec![ident(col::CUSTOMER_ID).sort(true, false)])?.limit(0, Some(MOST_PEOPLE))?;
        let people: Vec<Person> = rows(people).await?;
        let relative = |person: Person| Relative {
            name: person.name(),
            customer_id: person.customer_id,
            birth_date: person.birth_date,
            records: person.records,
        };
        Ok(people.into_iter().map(relative).collect())
    }
}

fn columns_of(table: &Table) -> Vec<&'static str> {
    table.columns.iter().map(|column| column.name).collect()
}

/// A day since 1970, as YYYY-MM-DD.
fn date_text(days: i32) -> Option<String> {
    arrow::temporal_conversions::date32_to_datetime(days).map(|time| time.date().to_string())
}

/// The golden values with their sources and what lost.
fn golden_fields(golden: &Person, records: &[Person], provenance: Vec<Provenance>) -> Vec<GoldenField> {
    let mut sources: BTreeMap<String, Source> = BTreeMap::new();
    for Provenance { field, channel, record_id, rule, observed_at } in provenance {
        sources.insert(field, Source { record: format!("{channel}:{record_id}"), rule, observed_at });
    }
    let declared: BTreeSet<&str> =
        records.iter().chain([golden]).flat_map(|person| &person.extra).map(|of| of.name.as_str()).collect();
    let fixed = FIELDS.iter().map(|(field, _)| *field);
    let field = |name: &str| {
        let values = golden.values(name);
        let losing = losing(name, &values, records);
        GoldenField { field: name.to_string(), values, source: sources.get(name).cloned(), losing }
    };
    let fields = fixed.chain(declared).map(field);
    let has_any = |field: &GoldenField| {
        !field.values.is_empty()
            || !field.losing.is_empty()
            || records.iter().any(|record| !record.values(&field.field).is_empty())
    };
    fields.filter(has_any).collect()
}

/// The values of records, of today and of before, that are not the golden ones; each once, the newest first.
fn losing(field: &str, winners: &[String], records: &[Person]) -> Vec<LosingValue> {
    let attributes = FIELDS.iter().find(|(name, _)| *name == field).map(|(_, of)| *of);
    let mut found: BTreeMap<String, LosingValue> = BTreeMap::new();
    for record in records {
        for past in &record.history {
            let is_meant = match attributes {
                Some([]) => record.identifiers.iter().any(|of| of.name == past.attribute),
                Some(attributes) => attributes.contains(&past.attribute.as_str()),
                None => past.attribute == field,
            };
            let value =
                if field == "identifiers" { format!("{} {}", past.attribute, past.value) } else { past.value.clone() };
            if !is_meant || winners.iter().any(|winner| is_alike(winner, &value)) {
                continue;
            }
            let lost = found.entry(value.clone()).or_insert(LosingValue {
                value,
                records: Vec::new(),
                first_at: None,
                last_at: None,
            });
            if !lost.records.contains(&record.id()) {
                lost.records.push(record.id());
            }
            lost.last_at = lost.last_at.take().max(past.last_at.clone());
            lost.first_at = [lost.first_at.take(), past.first_at.clone()].into_iter().flatten().min();
        }
    }
    let mut found: Vec<LosingValue> = found.into_values().collect();
    found.sort_by(|a, b| b.last_at.cmp(&a.last_at).then_with(|| a.value.cmp(&b.value)));
    found
}

/// Whether two values say the same: spaces mean nothing in them.
fn is_alike(a: &str, b: &str) -> bool {
    let letters = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
    letters(a) == letters(b)
}

/// A record beside the golden values.
fn record_column(record: &Person, golden: &[GoldenField]) -> RecordColumn {
    let cell = |field: &GoldenField| {
        let values = record.values(&field.field);
        let is_golden = |value: &String| field.values.iter().any(|winner| is_alike(winner, value));
        Cell { differs: !values.is_empty() && !values.iter().any(is_golden), values }
    };
    RecordColumn {
        id: record.id(),
        last_seen: record.last_seen.clone(),
        versions: record.versions,
        problems: record.problems.clone(),
        cells: golden.iter().map(cell).collect(),
    }
}

#[cfg(test)]
#[path = "golden_test.rs"]
mod tests;
