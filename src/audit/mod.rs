//! The read side of a lake as a library: what the command line prints, and what pages and interfaces draw.
//!
//! In: a lake, and as of which run. Out: an [`Audit`], which answers questions as plain data ([`view`]): a customer, a pair, the
//! history of an id, a search. Questions register no tables, so that any number of them can be asked of one `Audit`, beside
//! each other too. [`text`] says the answers in Japanese and English.

pub(crate) mod analyst;
pub(crate) mod chains;
pub(crate) mod csv_file;
pub(crate) mod customer;
mod decisions;
pub(crate) mod diff;
pub(crate) mod diff_text;
pub(crate) mod disclosure;
pub(crate) mod disclosure_text;
pub(crate) mod doubt;
pub(crate) mod evaluation;
pub(crate) mod evaluation_page;
pub(crate) mod evaluation_report;
pub(crate) mod golden;
pub(crate) mod graph;
mod history;
pub(crate) mod history_text;
mod kept;
mod pair;
mod records;
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

use datafusion::prelude::{DataFrame, SessionContext};
use tokio::sync::OnceCell;

use crate::engine::session::{Resources, session};
use crate::error::{Error, Result};
use crate::lake::snapshot::{self, PublishedRun};
use crate::store::Location;
use kept::KeptRun;
use nayose_matching::identity::alias::Aliases;
use nayose_matching::model::score::Scorer;

/// A published run of a lake, open for questions.
pub struct Audit {
    lake: Location,
    run: PublishedRun,
    context: SessionContext,
    /// What the run kept for weighing pairs.
    kept: OnceCell<KeptRun>,
    scorer: OnceCell<Scorer>,
    aliases: OnceCell<Aliases>,
    shared: OnceCell<shared::SharedValues>,
}

impl Audit {
    /// Opens a lake as of a run id, a run's number or a time; the newest run where none is given.
    ///
    /// # Errors
    /// Usage, where nothing is published, or no such run; environment, where the lake cannot be read.
    pub async fn open(lake: &Location, as_of: Option<&str>, resources: &Resources) -> Result<Self> {
        Ok(Audit {
            run: snapshot::find(lake, as_of).await?,
            lake: lake.clone(),
            context: session(resources)?,
            kept: OnceCell::new(),
            scorer: OnceCell::new(),
            aliases: OnceCell::new(),
            shared: OnceCell::new(),
        })
    }

    /// The run that is asked.
    pub fn run(&self) -> &PublishedRun {
        &self.run
    }

    /// A published table.
    async fn table(&self, name: &str) -> Result<DataFrame> {
        let found = snapshot::table(&self.context, &self.lake, &self.run, name).await?;
        found.ok_or_else(|| Error::data(format!("run {} published no table {name}", self.run.run_id)))
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

    /// The ids that were merged into others, up to this run.
    async fn aliases(&self) -> Result<&Aliases> {
        self.aliases.get_or_try_init(|| snapshot::aliases(&self.context, &self.lake, &self.run)).await
    }
}
