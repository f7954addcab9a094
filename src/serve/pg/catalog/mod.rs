//! The catalogue: what tools ask to learn which tables, columns, keys and comments there are.
//!
//! In: the relations of a run. Out: tables of `pg_catalog` and `information_schema`, and functions over them. What
//! datafusion-pg-catalog has is taken from there; what it lacks or answers with nothing is here (docs/bi-gaps.md lists each gap).
//! Both are made once for a run and shared by all connections.

mod columns;
mod functions;
mod information;
mod relation;
mod system;
mod types;

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::catalog::{SchemaProvider, TableProvider};
use datafusion::error::DataFusionError;

pub(super) use functions::{Person, Routine, register, routines, setting};
pub(super) use information::tables as information;
pub(super) use relation::{Relation, relations};
pub(super) use system::tables as system;
pub(super) use types::{item_of, type_name};

/// The schema of the published tables.
pub(super) const PUBLIC: &str = "public";

/// The number of [`PUBLIC`], as every Postgres has it.
const PUBLIC_OID: i32 = 2200;

/// The number of the role that owns everything, as every Postgres has it.
const OWNER_OID: i32 = 10;

/// The name of the role that owns everything.
const OWNER: &str = "nayose";

/// A schema of tables in memory, and behind them those of another schema.
#[derive(Debug)]
pub(super) struct Layered {
    own: BTreeMap<&'static str, Arc<dyn TableProvider>>,
    below: Option<Arc<dyn SchemaProvider>>,
}

impl Layered {
    /// The tables over those of `below`.
    pub(super) fn new(
        own: Vec<(&'static str, Arc<dyn TableProvider>)>,
        below: Option<Arc<dyn SchemaProvider>>,
    ) -> Self {
        Layered { own: own.into_iter().collect(), below }
    }
}

#[async_trait]
impl SchemaProvider for Layered {
    fn table_names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.own.keys().map(ToString::to_string).collect();
        names.extend(self.below.iter().flat_map(|below| below.table_names()));
        names.sort();
        names.dedup();
        names
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>, DataFusionError> {
        match (self.own.get(name), &self.below) {
            (Some(own), _) => Ok(Some(own.clone())),
            (None, Some(below)) => below.table(name).await,
            (None, None) => Ok(None),
        }
    }

    fn table_exist(&self, name: &str) -> bool {
        self.own.contains_key(name) || self.below.as_ref().is_some_and(|below| below.table_exist(name))
    }
}
