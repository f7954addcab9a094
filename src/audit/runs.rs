//! The published runs: inputs, counts, rejects, what the stages found out, and what the pipeline's own tables are made by.
//!
//! In: an open lake. Out: every run with its inputs and the rows of its tables; of the run that is open also its rejects and the
//! results of its stages, as far as its work is kept.

use std::collections::BTreeMap;

use datafusion::functions::expr_fn::split_part;
use datafusion::functions_aggregate::expr_fn::count;
use datafusion::logical_expr::{ident, lit};
use serde::{Deserialize, Serialize};

use super::Audit;
use super::rows::rows;
use crate::error::Result;
use crate::lake::definitions::Contracts;
use crate::lake::manifest::Manifest;
use crate::lake::settings::RunSettings;
use crate::lake::{WORK, definitions, snapshot};
use crate::tables::contract::{REJECT, RESTATEMENT, col};

/// Rejected rows that are listed; [`RunDetail::reasons`] counts all of them.
const MOST_REJECTS: usize = 500;

/// Groups of figures that are other ones now: a group is a column of a mart and a cause.
const MOST_RESTATEMENTS: usize = 500;

/// A published run, as its row of `run` says.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct RunRow {
    /// Its id.
    pub run_id: String,
    /// Its number, from 1.
    pub run_number: i64,
    /// Time as of which its analyses hold.
    pub as_of: String,
    /// When it was published, by the clock.
    #[serde(default)]
    pub published_at: Option<String>,
    /// Version of nayose.
    #[serde(default)]
    pub version: Option<String>,
    /// Digest of the configuration.
    pub config_digest: String,
    /// Digest of the model.
    pub model_digest: String,
    /// User whose process ran.
    #[serde(default)]
    pub user_name: Option<String>,
    /// The run whose tables a rollback made the newest again.
    #[serde(default)]
    pub restores: Option<String>,
    /// Why it was rolled back.
    #[serde(default)]
    pub restored_why: Option<String>,
    /// Its input files.
    #[serde(default)]
    pub inputs: Vec<Input>,
    /// Its tables.
    #[serde(default)]
    pub tables: Vec<TableRows>,
}

/// An input file of a run.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Input {
    /// Path below the input root.
    pub file: String,
    /// Rows.
    #[serde(default)]
    pub rows: i64,
    /// Rows that could not be read.
    #[serde(default)]
    pub rejects: i64,
}

/// A table of a run.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct TableRows {
    /// Its name.
    pub table_name: String,
    /// Its rows.
    #[serde(default)]
    pub row_count: i64,
}

/// What is known of the run that is open, besides its row.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct RunDetail {
    /// Reason of a reject → rows.
    pub reasons: Vec<Reason>,
    /// The first rejected rows; what stood in them is a person's, and is left out.
    pub rejects: Vec<Reject>,
    /// Stage → what it found out, where the run's work is kept.
    pub results: BTreeMap<String, serde_json::Value>,
    /// Stage → seconds.
    pub seconds: BTreeMap<String, f64>,
    /// From which probability up pairs are linked, and from which they are reviewed.
    pub thresholds: Option<[f64; 2]>,
}

/// Rejected rows of one reason.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Reason {
    /// The reason.
    pub reason: String,
    /// Source of the pipeline file.
    pub source: String,
    /// Rows.
    pub rows: i64,
}

/// A rejected row, without what stood in it.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Reject {
    /// Path below the input root.
    pub file: String,
    /// Line.
    pub line: i64,
    /// Source of the pipeline file.
    pub source: String,
    /// Why.
    pub reason: String,
}

/// Figures of a mart that are other ones now, by column and cause.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Restated {
    /// The run that found them.
    pub run_id: String,
    /// The mart.
    pub mart: String,
    /// Its column.
    pub field: String,
    /// Why.
    pub cause: String,
    /// How many.
    pub figures: i64,
    /// The first key: a customer id, an item.
    pub example: String,
    /// Sum of what was published.
    #[serde(default)]
    pub before: Option<f64>,
    /// Sum of what they are now.
    #[serde(default)]
    pub after: Option<f64>,
}

impl Audit {
    /// The runs up to the one that is open, newest first.
    ///
    /// # Errors
    /// Environment, if the lake cannot be read.
    pub(crate) async fn run_rows(&self) -> Result<Vec<RunRow>> {
        let runs = snapshot::runs_up_to(&self.context, &self.lake, &self.run).await?;
        rows(runs.sort(vec![ident(col::RUN_NUMBER).sort(false, true)])?).await
    }

    /// What is known of the run that is open.
    ///
    /// # Errors
    /// Environment, if a table cannot be read; data, where the manifest is damaged.
    pub(crate) async fn run_detail(&self) -> Result<RunDetail> {
        let rejects = self.table(REJECT.name).await?;
        let by = vec![ident(col::REASON), ident(col::SOURCE)];
        let reasons = rejects.clone().aggregate(by, vec![count(lit(1)).alias("rows")])?;
        let most = vec![
            ident("rows").sort(false, true),
            ident(col::REASON).sort(true, false),
            ident(col::SOURCE).sort(true, false),
        ];
        let first = [col::FILE, col::LINE].map(|c| ident(c).sort(true, false)).to_vec();
        let listed = rejects.select_columns(&[col::FILE, col::LINE, col::SOURCE, col::REASON])?;
        let work = self.lake.join(WORK).join(&self.run.run_id);
        let manifest = Manifest::load(&work).await?;
        let stages = manifest.iter().flat_map(|manifest| &manifest.stages);
        let results = stages.clone().filter_map(|(name, stage)| Some((name.clone(), stage.result.as_ref()?.summary())));
        let settings = RunSettings::load(&work).await?;
        Ok(RunDetail {
            reasons: rows(reasons.sort(most)?).await?,
            rejects: rows(listed.sort(first)?.limit(0, Some(MOST_REJECTS))?).await?,
            results: results.collect(),
            seconds: stages.map(|(name, stage)| (name.clone(), stage.seconds)).collect(),
            thresholds: settings.map(|settings| [settings.thresholds.auto, settings.thresholds.review]),
        })
    }

    /// Name, type and whether it may be null of a published table's columns.
    ///
    /// # Errors
    /// Environment, if the table cannot be read.
    pub(crate) async fn columns(&self, table: &str) -> Result<Vec<(String, String, bool)>> {
        let found = self.table(table).await?;
        let fields = found.schema().fields().iter();
        Ok(fields.map(|field| (field.name().clone(), field.data_type().to_string(), field.is_nullable())).collect())
    }

    /// Mart → the SQL that makes it, as the run used it; empty where the run kept none.
    ///
    /// # Errors
    /// Environment, if they cannot be read; data, where they are damaged.
    pub(crate) async fn definitions(&self) -> Result<BTreeMap<String, String>> {
        definitions::load(&self.lake.join(WORK).join(&self.run.run_id)).await
    }

    /// What is promised of the tables of the run.
    ///
    /// # Errors
    /// As [`Audit::definitions`].
    pub(crate) async fn contracts(&self) -> Result<Contracts> {
        definitions::contracts(&self.lake, &self.run.run_id).await
    }

    /// Figures that are other ones now, the newest run first, by mart, column and cause.
    ///
    /// # Errors
    /// Environment, if the table cannot be read.
    pub(crate) async fn restated(&self) -> Result<Vec<Restated>> {
        if !self.run.tables.iter().any(|(name, ..)| name == RESTATEMENT.name) {
            return Ok(Vec::new());
        }
        use datafusion::functions_aggregate::expr_fn::{min, sum};
        let all = self.table(RESTATEMENT.name).await?;
        // What happened stands before the ids that it happened to: `merged C-…: decision`.
        let first = |text, delimiter| split_part(text, lit(delimiter), lit(1));
        let happened = first(first(ident("cause"), " "), ":");
        let mut by = [col::RUN_ID, "mart", col::FIELD].map(ident).to_vec();
        by.push(happened.alias("cause"));
        let totals = vec![
            count(lit(1)).alias("figures"),
            min(ident(col::KEY)).alias("example"),
            sum(ident("before")).alias("before"),
            sum(ident("after")).alias("after"),
        ];
        let runs = snapshot::runs_up_to(&self.context, &self.lake, &self.run).await?;
        let runs = runs.select(vec![ident(col::RUN_ID).alias("found_by"), ident(col::RUN_NUMBER)])?;
        let found = all.aggregate(by, totals)?.join(
            runs,
            datafusion::prelude::JoinType::Inner,
            &[col::RUN_ID],
            &["found_by"],
            None,
        )?;
        let order = [ident(col::RUN_NUMBER).sort(false, true)]
            .into_iter()
            .chain(["mart", col::FIELD, "cause"].map(|c| ident(c).sort(true, false)))
            .collect();
        rows(found.sort(order)?.limit(0, Some(MOST_RESTATEMENTS))?).await
    }
}
