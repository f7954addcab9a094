//! The stages of a run, one folder each: tables in, one plan per output table.
//!
//! A stage opens no file, reads no clock and prints nothing; the runner materializes its plans, holds them against the
//! contract and commits them. What a stage finds out besides its tables is typed: [`crate::lake::results`].

pub(crate) mod block;
pub(crate) mod cluster;
pub(crate) mod golden;
pub(crate) mod ingest;
pub(crate) mod marts;
pub(crate) mod normalize;
pub(crate) mod score;

use datafusion::logical_expr::{Expr, ident};
use datafusion::prelude::DataFrame;

use crate::engine::write::Order;
use crate::error::Result;
use crate::tables::contract::Table;

/// The stages in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub(crate) enum Stage {
    /// Raw files to rows.
    Ingest,
    /// Rows to standardized records.
    Normalize,
    /// Records to candidate pairs.
    Block,
    /// Candidate pairs to probabilities.
    Score,
    /// Probabilities to people and households.
    Cluster,
    /// People to golden records, with everything that they did.
    Golden,
    /// The analyses and the checks.
    Marts,
}

impl Stage {
    /// All of them, in order.
    pub(crate) const ALL: [Stage; 7] =
        [Stage::Ingest, Stage::Normalize, Stage::Block, Stage::Score, Stage::Cluster, Stage::Golden, Stage::Marts];

    /// Its name, as on the command line and in the manifest.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Stage::Ingest => "ingest",
            Stage::Normalize => "normalize",
            Stage::Block => "block",
            Stage::Score => "score",
            Stage::Cluster => "cluster",
            Stage::Golden => "golden",
            Stage::Marts => "marts",
        }
    }
}

/// A table that a stage makes.
pub(crate) struct Planned {
    /// Its contract.
    pub table: Table,
    /// Its rows.
    pub plan: DataFrame,
    /// Whether they come sorted.
    pub order: Order,
}

impl Planned {
    /// A table whose rows come sorted by its key.
    pub(crate) fn sorted(table: &Table, plan: DataFrame) -> Self {
        Planned { table: *table, plan, order: Order::ByKey }
    }

    /// A table between stages whose rows come as they come.
    pub(crate) fn unsorted(table: &Table, plan: DataFrame) -> Self {
        Planned { table: *table, plan, order: Order::Any }
    }
}

/// The fields of a struct column as columns of their own. An unnest is a step of its own for the engine: taking the fields
/// out in a projection would let the optimizer merge it into the one below, and call the function once per field.
pub(crate) fn fields_of(plan: DataFrame, column: &str) -> Result<DataFrame> {
    Ok(plan.unnest_columns(&[column])?)
}

/// The name of a field after [`fields_of`].
pub(crate) fn field(column: &str, field: &str) -> Expr {
    ident(format!("{column}.{field}"))
}

/// Rows that were put in order stay in one stream: to deal them out, to group them by hash and to merge them again costs more than
/// to group what lies side by side, as merging gathers wide rows one by one.
pub(crate) fn in_one_stream(rows: DataFrame) -> DataFrame {
    let (mut state, plan) = rows.into_parts();
    let options = state.config_mut().options_mut();
    options.optimizer.enable_round_robin_repartition = false;
    options.optimizer.repartition_aggregations = false;
    DataFrame::new(state, plan)
}
