//! The read side of a lake as a library: what the command line prints, and what pages and interfaces draw.
//!
//! In: a lake, and as of which run. Out: an [`Audit`], which answers questions as plain data ([`view`]): a customer, a pair, the
//! history of an id, a search, the records that one more may be. Questions register no tables, so that any number of them can be asked
//! of one `Audit`, beside each other too. Who asks many prepares it ([`Audit::prepare`]); the answers are the same. Files are held
//! against their names when an `Audit` first reads them, once per block. [`text`] says the answers in Japanese and English.

pub(crate) mod analyst;
pub(crate) mod chains;
pub(crate) mod charts;
pub(crate) mod copies;
pub(crate) mod csv_file;
pub(crate) mod customer;
mod decisions;
pub(crate) mod diff;
pub(crate) mod diff_text;
pub(crate) mod disclosure;
pub(crate) mod disclosure_text;
pub(crate) mod doubt;
pub(crate) mod effect;
mod effect_figures;
pub(crate) mod evaluation;
pub(crate) mod evaluation_page;
pub(crate) mod evaluation_report;
pub(crate) mod golden;
pub(crate) mod graph;
pub(crate) mod growth;
mod history;
pub(crate) mod history_text;
mod index;
mod kept;
pub(crate) mod match_text;
pub(crate) mod matching;
mod meaning;
mod network;
mod pair;
mod placed;
pub(crate) mod queue;
mod records;
pub(crate) mod review;
mod rows;
pub(crate) mod runs;
pub(crate) mod sample;
mod search;
pub(crate) mod shared;
pub(crate) mod text;
mod truth;
pub(crate) mod verify;
pub(crate) mod view;
mod why_not;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use datafusion::prelude::{DataFrame, SessionContext};
use tokio::sync::OnceCell;

use crate::engine::session::{Resources, session};
use crate::error::{Error, Result, VERIFY};
use crate::lake::snapshot::{self, PublishedRun};
use crate::stages::cluster::decisions::Recorded;
use crate::store::Location;
use crate::tables::contract::{LEDGER, SOURCE_RECORD};
use index::Index;
use kept::KeptRun;
use matching::Matcher;
use nayose_matching::identity::alias::Aliases;
use nayose_matching::model::score::Scorer;
use view::DecidedPair;

/// A published run of a lake, open for questions.
pub struct Audit {
    lake: Location,
    run: PublishedRun,
    context: SessionContext,
    /// The published tables that were asked for: their logs are read once, and so are their footers.
    tables: Mutex<HashMap<String, DataFrame>>,
    /// What the run kept for weighing pairs.
    kept: OnceCell<KeptRun>,
    scorer: OnceCell<Scorer>,
    aliases: OnceCell<Aliases>,
    /// The numbers of the runs up to this one, by their ids.
    run_numbers: OnceCell<HashMap<String, i64>>,
    /// The records with their links, for review.
    network: OnceCell<network::Network>,
    queue: OnceCell<queue::Queue>,
    /// The links of the run before, by rows.
    links_before: OnceCell<Vec<(u32, u32)>>,
    recorded: OnceCell<Recorded>,
    /// Digests of the values of records on which somebody decided.
    digests: tokio::sync::Mutex<HashMap<(String, String), String>>,
    shared: OnceCell<shared::SharedValues>,
    /// The pairs on which people decided.
    decided: OnceCell<Vec<DecidedPair>>,
    /// Made by [`Audit::prepare`] alone: a single question is answered sooner without.
    index: OnceCell<Arc<Index>>,
    placed: OnceCell<placed::Placed>,
    matcher: OnceCell<Matcher>,
    /// What charts are drawn from.
    charts: OnceCell<charts::Charts>,
}

/// The session with which questions about some records are asked: of a column only the rows are read for which the columns before it
/// hold, and of sorted columns only the pages.
fn asking(context: &SessionContext) -> SessionContext {
    let mut state = context.state();
    state.config_mut().options_mut().execution.parquet.pushdown_filters = true;
    SessionContext::new_with_state(state)
}

impl Audit {
    /// Opens a lake as of a run id, a run's number or a time; the newest run where none is given.
    ///
    /// # Errors
    /// Usage, where nothing is published, or no such run; environment, where the lake cannot be read.
    pub async fn open(lake: &Location, as_of: Option<&str>, resources: &Resources) -> Result<Self> {
        Self::open_in(&session(resources)?, lake, as_of).await
    }

    /// The same in a session whose pool of memory, and whose footers of files, several runs share.
    pub(crate) async fn open_in(context: &SessionContext, lake: &Location, as_of: Option<&str>) -> Result<Self> {
        Ok(Audit {
            run: snapshot::find(lake, as_of).await?,
            lake: lake.clone(),
            context: asking(context),
            tables: Mutex::default(),
            kept: OnceCell::new(),
            scorer: OnceCell::new(),
            aliases: OnceCell::new(),
            run_numbers: OnceCell::new(),
            network: OnceCell::new(),
            queue: OnceCell::new(),
            links_before: OnceCell::new(),
            recorded: OnceCell::new(),
            digests: tokio::sync::Mutex::default(),
            shared: OnceCell::new(),
            decided: OnceCell::new(),
            index: OnceCell::new(),
            placed: OnceCell::new(),
            matcher: OnceCell::new(),
            charts: OnceCell::new(),
        })
    }

    /// Makes what many questions need and one does not: which rows a customer has, whose a phone or a name is. Answers before and after
    /// are the same; those after are quick. Takes some seconds for each million records, and some hundred bytes a record.
    ///
    /// # Errors
    /// Data, where the tables of the run do not fit each other; environment, if one cannot be read.
    pub async fn prepare(&self) -> Result<()> {
        self.aliases().await?;
        self.decided().await?;
        for table in [SOURCE_RECORD.name, LEDGER.name] {
            self.table(table).await?;
        }
        self.index().await?;
        self.place_tables().await
    }

    /// The run that is asked.
    pub fn run(&self) -> &PublishedRun {
        &self.run
    }

    /// A published table.
    async fn table(&self, name: &str) -> Result<DataFrame> {
        let known = || self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = known().get(name) {
            return Ok(found.clone());
        }
        let found = snapshot::table(&self.context, &self.lake, &self.run, name).await?;
        let found = found.ok_or_else(|| Error::data(format!("run {} published no table {name}", self.run.run_id)))?;
        known().insert(name.to_string(), found.clone());
        Ok(found)
    }

    /// What the run kept for weighing pairs.
    async fn kept(&self) -> Result<&KeptRun> {
        self.kept.get_or_try_init(|| KeptRun::open(&self.context, &self.lake, &self.run)).await
    }

    /// The pairs that blocking brought, by the rows of their records, those of a block together.
    ///
    /// # Errors
    /// Data, where the run's work is gone.
    pub async fn candidate_pairs(&self) -> Result<Vec<(usize, usize)>> {
        self.kept().await?.candidate_pairs().await
    }

    /// A scorer with the run's model over the run's records. The first question that weighs a pair reads all features.
    ///
    /// # Errors
    /// Data, where the run's work is gone.
    pub async fn scorer(&self) -> Result<&Scorer> {
        self.scorer.get_or_try_init(|| async { self.kept().await?.scorer().await }).await
    }

    /// The index, made at the first question that needs it.
    async fn index(&self) -> Result<&Arc<Index>> {
        self.index.get_or_try_init(|| async { Ok(Arc::new(index::index(self).await?)) }).await
    }

    /// The index, where there is one: its rows are those of the scorer.
    fn index_beside(&self, scorer: &Scorer) -> Result<Option<&Index>> {
        match self.index.get() {
            Some(index) if index.len() != scorer.packed().rows => Err(other_records()),
            found => Ok(found.map(Arc::as_ref)),
        }
    }

    /// The ids that were merged into others, up to this run.
    async fn aliases(&self) -> Result<&Aliases> {
        self.aliases.get_or_try_init(|| snapshot::aliases(&self.context, &self.lake, &self.run)).await
    }
}

fn other_records() -> Error {
    Error::data("the work of the run and its tables have other records").hint(VERIFY)
}
