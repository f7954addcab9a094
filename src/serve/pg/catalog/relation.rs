//! What the catalogue tells of a table: its number, columns, key, references and comments.
//!
//! In: the tables of a run and their contracts. Out: [`Relation`]s. Numbers come from names, so that they are the same on every
//! connection and in every run: tools keep them. (datafusion-pg-catalog counts up as it meets tables.)

use std::collections::BTreeSet;
use std::sync::Arc;

use datafusion::catalog::TableProvider;
use datafusion_postgres::pgwire::api::Type;

use super::super::rows::pg_type;
use crate::lake::snapshot::PublishedRun;
use crate::tables::contract::{self, CONSENT, FIELD_PROVENANCE, GOLDEN_CUSTOMER, INTERACTION, Table, col};

/// A column.
#[derive(Clone, Debug)]
pub(crate) struct Attribute {
    /// Its name.
    pub name: String,
    /// Its type for a client.
    pub pg_type: Type,
    /// Digits and scale of an exact number.
    pub digits: Option<(u8, i8)>,
    /// Whether every row has it.
    pub is_required: bool,
    /// What it means, in both languages.
    pub comment: Option<String>,
}

/// A table.
#[derive(Clone, Debug)]
pub(crate) struct Relation {
    /// Its number.
    pub oid: i32,
    /// Its name.
    pub name: String,
    /// What a row is, in both languages.
    pub comment: Option<String>,
    /// Its columns in order.
    pub attributes: Vec<Attribute>,
    /// The numbers of the columns of its key, from 1.
    pub key: Vec<i16>,
    /// The column, from 1, in which a customer of [`GOLDEN_CUSTOMER`] stands, with that table's number and column.
    pub reference: Option<(i16, i32, i16)>,
    /// Its rows.
    pub rows: u64,
}

/// The numbers of tables begin here: what is below is Postgres's own.
const FIRST: u32 = 1 << 20;

/// Numbers that follow the number of a table: its key's index, its key, its reference. A power of two, so that tables keep apart.
const APART: u32 = 4;

impl Relation {
    /// The number of the index of its key.
    pub(super) fn index_oid(&self) -> i32 {
        self.oid + 1
    }

    /// The number of its key.
    pub(super) fn key_oid(&self) -> i32 {
        self.oid + 2
    }

    /// The number of its reference.
    pub(super) fn reference_oid(&self) -> i32 {
        self.oid + 3
    }

    /// The name of its key, as Postgres makes it.
    pub(super) fn key_name(&self) -> String {
        format!("{}_pkey", self.name)
    }

    /// The name of its reference, as Postgres makes it.
    pub(super) fn reference_name(&self) -> String {
        format!("{}_{}_fkey", self.name, col::CUSTOMER_ID)
    }

    /// The names of columns of these numbers, as SQL has them.
    pub(super) fn names(&self, numbers: &[i16]) -> String {
        let name = |n: &i16| self.attributes.get(usize::try_from(n - 1).ok()?).map(|a| a.name.as_str());
        numbers.iter().filter_map(name).collect::<Vec<_>>().join(", ")
    }
}

/// Whether every customer of the table is in [`GOLDEN_CUSTOMER`] of the same run: of marts, where no row may lack one.
fn has_customers(table: &str, contract: Option<&Table>) -> bool {
    let always = |table: &Table| table.columns.iter().any(|c| c.name == col::CUSTOMER_ID && !c.nullable);
    [CONSENT.name, FIELD_PROVENANCE.name, INTERACTION.name].contains(&table)
        || contract::is_mart(table) && contract.is_some_and(always)
}

/// The relations of the tables of a run, in the order of their names.
pub(crate) fn relations(
    run: &PublishedRun,
    tables: &[(String, Arc<dyn TableProvider>)],
    contract_of: impl Fn(&str) -> Option<Table>,
) -> Vec<Relation> {
    let mut taken = BTreeSet::new();
    let mut found: Vec<Relation> = Vec::new();
    for (name, provider) in tables {
        let contract = contract_of(name);
        let column = |name: &str| contract.as_ref().and_then(|t| t.columns.iter().find(|c| c.name == name));
        let attributes: Vec<Attribute> = provider
            .schema()
            .fields()
            .iter()
            .map(|field| {
                let told = column(field.name());
                Attribute {
                    name: field.name().clone(),
                    pg_type: pg_type(field).unwrap_or(Type::TEXT),
                    digits: match field.data_type() {
                        arrow::datatypes::DataType::Decimal128(digits, scale) => Some((*digits, *scale)),
                        _ => None,
                    },
                    is_required: told.is_some_and(|c| !c.nullable),
                    comment: told.map(|c| format!("{} / {}", c.ja, c.en)),
                }
            })
            .collect();
        let number = |name: &str| attributes.iter().position(|a| a.name == name).map(|at| at as i16 + 1);
        let key = contract.as_ref().map(|t| t.key.iter().filter_map(|k| number(k)).collect()).unwrap_or_default();
        let reference = number(col::CUSTOMER_ID).filter(|_| has_customers(name, contract.as_ref())).map(|n| (n, 0, 1));
        let mut oid = number_of(name);
        while !taken.insert(oid) {
            oid += APART as i32;
        }
        found.push(Relation {
            oid,
            name: name.clone(),
            comment: contract.as_ref().map(|t| format!("{} / {}", t.ja, t.en)),
            key,
            reference,
            rows: run.tables.iter().find(|(table, _, _)| table == name).map_or(0, |(_, _, rows)| *rows),
            attributes,
        });
    }
    let golden = found.iter().find(|r| r.name == GOLDEN_CUSTOMER.name).map(|r| r.oid);
    for relation in &mut found {
        relation.reference = relation.reference.and_then(|(from, _, to)| Some((from, golden?, to)));
    }
    found
}

/// The number of a name: a hash of it (FNV-1a), above Postgres's own numbers and below the end of what fits an `int4`.
fn number_of(name: &str) -> i32 {
    const OFFSET: u32 = 0x811c_9dc5;
    const PRIME: u32 = 0x0100_0193;
    let hash = name.bytes().fold(OFFSET, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(PRIME));
    let room = (i32::MAX as u32 - FIRST) / APART - 1;
    (FIRST + hash % room * APART) as i32
}
