//! Which source columns a published column comes from, and how.
//!
//! In: the mapping of the pipeline file. Out: the fields of a source, and for a published table the body of its column
//! lineage. The mapping is walked as ingest, standardizing and survivorship walk it; what each golden field is made of stands
//! in [`person`] and nowhere else in this module. Columns that the model compares decide which rows are one row: they are the
//! lineage of the whole dataset, indirectly. Marts are queries over the other tables, and have no lineage of columns here.

use serde_json::{Map, Value, json};

use super::datasets::{Name, of_source};
use crate::config::{Pipeline, Rows, Source, Value as SourceValue};
use crate::tables::contract::{
    CONSENT, DECISION, FIELD_PROVENANCE, GOLDEN_CUSTOMER, ID_EVENT, ID_MAP, INTERACTION, LEDGER, MEDIUM_SPEND,
    PERSON_COLUMNS, PRODUCT, REJECT, SOURCE_RECORD, STORE, Table, Type, col,
};
use nayose_matching::record::attribute::{AttributeType, PERSON_ATTRIBUTES, REFERENCES};
use nayose_matching::record::survive::FieldSurvivorship;

/// How a value reaches a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    /// As it is.
    Identity,
    /// Normalized, read, joined or compared.
    Transformation,
    /// From several rows.
    Aggregation,
    /// As a digest that does not show it.
    Digest,
    /// Decides what the value is, and is not in it.
    Conditional,
    /// Decides which rows belong together.
    Join,
}

impl How {
    fn json(self, description: &str) -> Value {
        let (kind, subtype) = match self {
            How::Identity => ("DIRECT", "IDENTITY"),
            How::Transformation | How::Digest => ("DIRECT", "TRANSFORMATION"),
            How::Aggregation => ("DIRECT", "AGGREGATION"),
            How::Conditional => ("INDIRECT", "CONDITIONAL"),
            How::Join => ("INDIRECT", "JOIN"),
        };
        json!({ "type": kind, "subtype": subtype, "description": description, "masking": self == How::Digest })
    }
}

/// The columns of sources that share their files, each with what it becomes.
pub(super) fn source_fields(sources: &[&Source]) -> Vec<Value> {
    let mut fields: Vec<(&str, Vec<&str>)> = Vec::new();
    for (column, role) in sources.iter().flat_map(|s| roles(s)) {
        match fields.iter_mut().find(|(known, _)| *known == column) {
            Some((_, known)) if known.contains(&role) => {}
            Some((_, known)) => known.push(role),
            None => fields.push((column, vec![role])),
        }
    }
    let field = |(i, (column, roles)): (usize, &(&str, Vec<&str>))| {
        let description = format!("read as {}", roles.join(", "));
        json!({ "name": column, "type": "string", "description": description, "ordinal_position": i + 1 })
    };
    fields.iter().enumerate().map(field).collect()
}

/// Every column that a source maps, with the column of the record or event that it becomes.
fn roles(source: &Source) -> Vec<(&str, &str)> {
    let mut uses: Vec<(Option<&SourceValue>, &str)> = vec![(Some(&source.record_id), col::RECORD_ID)];
    match &source.holds {
        Rows::People { updated_at, registered_at } => {
            uses.push((updated_at.as_ref(), col::OBSERVED_AT));
            uses.push((registered_at.as_ref(), col::REGISTERED_AT));
        }
        Rows::Events { event_id, occurred_at, .. } => {
            uses.push((Some(event_id), col::EVENT_ID));
            uses.push((occurred_at.as_ref(), col::OCCURRED_AT));
        }
        Rows::Reference { .. } => {}
    }
    uses.extend(source.columns.iter().map(|(attribute, value)| (Some(value), attribute.as_str())));
    let mut roles: Vec<(&str, &str)> = Vec::new();
    for (value, role) in uses {
        roles.extend(value.into_iter().flat_map(SourceValue::columns).map(|column| (column.as_str(), role)));
    }
    for consent in &source.consent {
        roles.push((consent.column.as_str(), col::CONSENT));
        roles.extend(one_of(&consent.at, col::STATED_AT));
    }
    roles
}

fn one_of<'a>(column: &'a Option<String>, role: &'a str) -> Vec<(&'a str, &'a str)> {
    column.iter().map(|c| (c.as_str(), role)).collect()
}

/// The body of a table's column lineage; `None` for a mart.
pub(super) fn of_table(pipeline: &Pipeline, table: &str) -> Option<Value> {
    let tables: [&Table; 12] = [
        &GOLDEN_CUSTOMER,
        &SOURCE_RECORD,
        &ID_MAP,
        &FIELD_PROVENANCE,
        &CONSENT,
        &INTERACTION,
        &LEDGER,
        &ID_EVENT,
        &REJECT,
        &PRODUCT,
        &STORE,
        &MEDIUM_SPEND,
    ];
    let table = tables.into_iter().find(|t| t.name == table)?;
    let mut fields = Map::new();
    for column in table.columns {
        let mut inputs = Inputs { pipeline, found: Vec::new() };
        inputs.column(table.name, column.name);
        if !inputs.found.is_empty() {
            fields.insert(column.name.to_string(), json!({ "inputFields": inputs.json() }));
        }
    }
    let mut whole = Inputs { pipeline, found: Vec::new() };
    if ![SOURCE_RECORD.name, REJECT.name, INTERACTION.name].contains(&table.name) && !is_reference(table.name) {
        whole.compared(How::Join, "decides which records are one person");
    }
    Some(json!({ "fields": fields, "dataset": whole.json() }))
}

/// Whether what is mapped to a column of a fact, or of what facts name, is read as a number or a time.
fn is_read(column: &str) -> bool {
    let tables = [&INTERACTION, &PRODUCT, &STORE, &MEDIUM_SPEND];
    tables.iter().flat_map(|table| table.columns).any(|c| c.name == column && c.data_type != Type::Text)
}

/// Whether sources fill a table by themselves.
fn is_reference(table: &str) -> bool {
    REFERENCES.iter().any(|reference| reference.name == table)
}

/// What golden field and standardized value are made of: attributes of the pipeline file.
fn person(column: &str) -> &'static [(&'static str, How)] {
    use How::{Conditional, Transformation};
    match column {
        // Kana says where a name in one field divides; a name all in kana is kana.
        col::FAMILY_NAME => &[("name", Transformation), ("family_name", Transformation), ("kana", Conditional)],
        col::GIVEN_NAME => &[("name", Transformation), ("given_name", Transformation), ("kana", Conditional)],
        col::FAMILY_KANA => &[
            ("kana", Transformation),
            ("family_kana", Transformation),
            ("name", Transformation),
            ("family_name", Transformation),
        ],
        col::GIVEN_KANA => &[
            ("kana", Transformation),
            ("given_kana", Transformation),
            ("name", Transformation),
            ("given_name", Transformation),
        ],
        col::BIRTH_DATE => &[("birth_date", Transformation)],
        col::SEX => &[("sex", Transformation)],
        col::POSTAL_CODE => &[("postal_code", Transformation), ("address", Transformation)],
        // The postal code says which of several towns of one name is meant.
        col::PREFECTURE
        | col::CITY
        | col::TOWN
        | col::CHOME
        | col::BLOCK
        | col::BUILDING
        | col::ROOM
        | col::TOWN_CODE
        | col::ADDRESS => &[("address", Transformation), ("postal_code", Conditional)],
        col::PHONES => &[("phone", Transformation)],
        col::EMAILS => &[("email", Transformation)],
        _ => &[],
    }
}

/// The input fields of a column.
struct Inputs<'a> {
    pipeline: &'a Pipeline,
    found: Vec<(Name, &'a str, How, String)>,
}

impl<'a> Inputs<'a> {
    fn column(&mut self, table: &str, column: &str) {
        let is = |of: &Table| of.name == table;
        let person_table = is(&GOLDEN_CUSTOMER) || is(&SOURCE_RECORD);
        match column {
            _ if is_reference(table) => {
                let fills =
                    |source: &Source| matches!(&source.holds, Rows::Reference { table: of, .. } if of.name == table);
                self.all(column, How::Identity, "", fills);
            }
            col::CUSTOMER_ID | col::HOUSEHOLD_ID | col::CUSTOMER_ID_L | col::CUSTOMER_ID_R => {
                self.people(col::RECORD_ID, How::Digest, "id of the founding record, as a digest");
                if is(&INTERACTION) {
                    self.events(col::RECORD_ID, How::Join, "finds the customer");
                }
            }
            col::RECORD_ID | col::EVENT_ID | col::OCCURRED_AT if is(&INTERACTION) => {
                self.events(column, How::Identity, "")
            }
            col::OCCURRED_AT_OFFSET => self.events(col::OCCURRED_AT, How::Transformation, "the offset that is written"),
            col::RECORD_ID | col::RECORD_ID_L | col::RECORD_ID_R => self.people(col::RECORD_ID, How::Identity, ""),
            col::COUNTERPART => self.people(col::RECORD_ID, How::Transformation, "channel:record_id"),
            col::FIRST_SEEN | col::LAST_SEEN | col::OBSERVED_AT => {
                self.people(col::OBSERVED_AT, How::Aggregation, "oldest or newest time");
                self.people(col::REGISTERED_AT, How::Aggregation, "oldest or newest time");
            }
            col::STATUS if is(&CONSENT) => {
                self.people(col::CONSENT, How::Transformation, "the newest of the person's records");
            }
            col::STATED_AT if is(&CONSENT) => {
                self.people(col::STATED_AT, How::Transformation, "read from text");
                self.people(col::OBSERVED_AT, How::Conditional, "which row of a record is the newest");
            }
            col::REGISTERED_AT => self.people(column, How::Aggregation, "oldest time"),
            col::RECORDS | col::VERSIONS => self.people(col::RECORD_ID, How::Aggregation, "count"),
            // What people decided comes from no file of a source.
            col::DECISION if is(&DECISION) => {}
            col::CONFIDENCE
            | col::JOINED_BY_DECISION
            | col::MATCH_WEIGHT
            | col::MATCH_PROBABILITY
            | col::HOUSEHOLD_PROBABILITY
            | col::COMPARISONS
            | col::DECISION
            | col::BLOCKING_RULE => {
                self.compared(How::Transformation, "compared by the model");
            }
            col::HISTORY | col::PROBLEMS => {
                PERSON_ATTRIBUTES.iter().for_each(|a| self.people(a, How::Transformation, "normalized"));
                self.declared(|_| true, "normalized");
            }
            col::RAW if is(&REJECT) => {
                let pipeline = self.pipeline;
                for source in &pipeline.sources {
                    for (column, _) in roles(source) {
                        self.add(source, column, How::Transformation, "the row as it stood".into());
                    }
                }
            }
            _ if is(&INTERACTION) => self.events(column, How::Identity, ""),
            col::IDENTIFIERS | col::EXTRA if person_table => {
                let description = self.survivorship(table, None);
                let identifiers = column == col::IDENTIFIERS;
                self.declared(|kind| (kind == AttributeType::Identifier) == identifiers, &description);
            }
            _ if person_table && PERSON_COLUMNS.iter().any(|c| c.name == column) => {
                let description = self.survivorship(table, Some(column));
                for (attribute, how) in person(column) {
                    self.people(attribute, *how, &description);
                }
            }
            _ => {}
        }
    }

    /// What happens to a value on its way to a golden customer, or to a standardized record.
    fn survivorship(&self, table: &str, column: Option<&str>) -> String {
        if table != GOLDEN_CUSTOMER.name {
            return "normalized".into();
        }
        let rules = &self.pipeline.survivorship;
        let rule: &FieldSurvivorship = match column {
            Some(col::FAMILY_NAME | col::GIVEN_NAME) => &rules.name,
            Some(col::FAMILY_KANA | col::GIVEN_KANA) => &rules.kana,
            Some(col::BIRTH_DATE) => &rules.birth_date,
            Some(col::SEX) => &rules.sex,
            Some(col::PHONES | col::EMAILS) | None => {
                return "normalized; all values of the person, newest first".into();
            }
            Some(_) => &rules.address,
        };
        format!("normalized; {} of the person's records", rule.rule.name())
    }

    /// The columns of people that become `role`.
    fn people(&mut self, role: &str, how: How, description: &str) {
        self.all(role, how, description, |source| matches!(source.holds, Rows::People { .. }));
    }

    /// The columns of events that become `role`. Several columns are joined, times and numbers are read.
    fn events(&mut self, role: &str, how: How, description: &str) {
        self.all(role, how, description, |source| matches!(source.holds, Rows::Events { .. }));
    }

    fn all(&mut self, role: &str, how: How, description: &str, of: impl Fn(&Source) -> bool) {
        let pipeline = self.pipeline;
        for source in pipeline.sources.iter().filter(|s| of(s)) {
            let columns: Vec<&str> = roles(source).into_iter().filter(|(_, r)| *r == role).map(|(c, _)| c).collect();
            let read = is_read(role);
            let (how, description) = match how {
                How::Identity if columns.len() > 1 => (How::Transformation, "columns joined"),
                How::Identity if read => (How::Transformation, "read from text"),
                other => (other, description),
            };
            for column in columns {
                self.add(source, column, how, description.to_string());
            }
        }
    }

    /// The columns of attributes that the pipeline file declares, of some kind.
    fn declared(&mut self, wanted: impl Fn(AttributeType) -> bool, description: &str) {
        let pipeline = self.pipeline;
        for attribute in pipeline.attributes.iter().filter(|a| wanted(a.kind)) {
            self.people(&attribute.name, How::Transformation, description);
        }
    }

    /// The columns that the model compares or blocks on.
    fn compared(&mut self, how: How, description: &str) {
        let pipeline = self.pipeline;
        let mut attributes: Vec<&str> = Vec::new();
        for feature in &pipeline.model.features {
            // `family.key` is a form of the name; `phone.mobile` of the phone.
            match feature.split('.').next().unwrap_or_default() {
                "family" | "given" | "name" => {
                    attributes.extend(["name", "kana", "family_name", "given_name", "family_kana", "given_kana"]);
                }
                attribute => attributes.push(attribute),
            }
        }
        attributes.sort_unstable();
        attributes.dedup();
        for attribute in attributes {
            self.people(attribute, how, description);
        }
    }

    fn add(&mut self, source: &'a Source, column: &'a str, how: How, description: String) {
        let name = of_source(self.pipeline, source);
        // A column may feed a field as two attributes; the first says how.
        if !self.found.iter().any(|(known, field, _, _)| *known == name && *field == column) {
            self.found.push((name, column, how, description));
        }
    }

    fn json(&self) -> Vec<Value> {
        let field = |(name, field, how, description): &(Name, &str, How, String)| {
            let Name { namespace, name } = name;
            json!({ "namespace": namespace, "name": name, "field": field, "transformations": [how.json(description)] })
        };
        self.found.iter().map(field).collect()
    }
}
