//! What a published run left in its work folder: the records, the model with what it learned, the links. `explain` and
//! `evaluate` weigh pairs with it again.

use std::sync::Arc;

use datafusion::prelude::{DataFrame, SessionContext};

use crate::config::load_model;
use crate::engine::session::in_order;
use crate::error::{Error, Result};
use crate::functions::pack::pack;
use crate::lake::manifest::Manifest;
use crate::lake::settings::{MODEL_FILE, RunSettings, read_model};
use crate::lake::snapshot::{self, PublishedRun};
use crate::lake::{WORK, read};
use crate::stages::cluster::{Keys, Links};
use crate::store::Location;
use crate::tables::columns;
use crate::tables::contract::{CANDIDATE_PAIR, SCORED_PAIR, STANDARD_RECORD, Table, col};
use nayose_matching::model::Model;
use nayose_matching::model::score::Scorer;

/// The work of a published run.
pub(super) struct KeptRun {
    /// The model with what the run learned.
    pub model: Arc<Model>,
    /// Attributes and thresholds.
    pub settings: RunSettings,
    context: SessionContext,
    lake: Location,
    run: PublishedRun,
    manifest: Manifest,
}

impl KeptRun {
    /// Opens the work of a run.
    ///
    /// # Errors
    /// Data, where it is gone.
    pub(super) async fn open(context: &SessionContext, lake: &Location, run: &PublishedRun) -> Result<Self> {
        let work = lake.join(WORK).join(&run.run_id);
        let kept = (RunSettings::load(&work).await?, read_model(&work).await?, Manifest::load(&work).await?);
        let (Some(settings), Some(yaml), Some(manifest)) = kept else { return Err(gone(lake, run).await) };
        Ok(KeptRun {
            model: Arc::new(load_model(MODEL_FILE, &yaml, &settings.attributes)?),
            settings,
            context: in_order(context),
            lake: lake.clone(),
            run: run.clone(),
            manifest,
        })
    }

    async fn table(&self, table: &Table) -> Result<DataFrame> {
        let Some(output) = self.manifest.output(table.name) else { return Err(gone(&self.lake, &self.run).await) };
        read::table(&self.context, &self.lake, output, table.schema()).await
    }

    /// The records in order.
    ///
    /// # Errors
    /// Data, where they are gone.
    pub(super) async fn standard(&self) -> Result<DataFrame> {
        self.table(&STANDARD_RECORD).await
    }

    /// The keys of the records, in order.
    ///
    /// # Errors
    /// Data, where they are gone.
    pub(super) async fn keys(&self) -> Result<Keys> {
        Keys::read(self.standard().await?).await
    }

    /// The links.
    ///
    /// # Errors
    /// Data, where they are gone.
    pub(super) async fn links(&self) -> Result<Links> {
        Links::read(self.table(&SCORED_PAIR).await?).await
    }

    /// The candidate pairs, by rows.
    ///
    /// # Errors
    /// Data, where they are gone.
    pub(super) async fn candidate_pairs(&self) -> Result<Vec<(usize, usize)>> {
        let pairs = self.table(&CANDIDATE_PAIR).await?.select_columns(&[col::ROW_L, col::ROW_R])?;
        let mut found = Vec::new();
        for batch in pairs.collect().await? {
            let (l, r) = (columns::longs(batch.column(0))?, columns::longs(batch.column(1))?);
            found.extend(l.values().iter().zip(r.values()).map(|(l, r)| (*l as usize, *r as usize)));
        }
        Ok(found)
    }

    /// A scorer with the run's model over the run's records.
    ///
    /// # Errors
    /// Data, where they are gone.
    pub(super) async fn scorer(&self) -> Result<Scorer> {
        let packed = Arc::new(pack(self.standard().await?, &self.model).await?);
        let parameters = self.model.trained.clone().ok_or_else(|| Error::bug("the kept model has no parameters"))?;
        Ok(Scorer::new(self.model.clone(), packed, &parameters))
    }
}

/// What a run kept is gone: of an earlier run it always is, sooner or later.
async fn gone(lake: &Location, run: &PublishedRun) -> Error {
    let newest = match snapshot::find(lake, None).await {
        Ok(newest) => newest,
        Err(error) => return error,
    };
    let error = |what: &str| Error::data(format!("the work of run {} ({}) is gone{what}", run.number, run.run_id));
    match newest.run_id == run.run_id {
        true => error("").hint("run the pipeline again with --full"),
        false => error(", by which pairs are weighed: a run after it does not keep it").hint(format!(
            "leave out --as-of to ask the newest run, {}; `nayose sql --as-of {} \"select * from ledger\"` has what was decided then",
            newest.number, run.number
        )),
    }
}
