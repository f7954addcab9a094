//! What a published run left in its work folder, or an earlier one with its state: the records, the model with what it learned; the
//! newest the pairs that it compared as well. `explain` and `evaluate` weigh pairs with it again.

use std::sync::Arc;

use datafusion::prelude::{DataFrame, SessionContext};

use crate::config::load_model;
use crate::engine::session::in_order;
use crate::error::{Error, Result};
use crate::functions::pack::pack;
use crate::lake::manifest::{Manifest, Output};
use crate::lake::settings::{MODEL_FILE, RunSettings, read_model};
use crate::lake::snapshot::{self, PublishedRun};
use crate::lake::states;
use crate::lake::{WORK, read};
use crate::stages::block;
use crate::stages::cluster::{Keys, Links};
use crate::store::Location;
use crate::tables::columns;
use crate::tables::contract::{BLOCK, CANDIDATE_PAIR, SCORED_PAIR, STANDARD_RECORD, Table, col};
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
    /// What it did; none where the run is an earlier one.
    manifest: Option<Manifest>,
}

impl KeptRun {
    /// Opens the work of a run.
    ///
    /// # Errors
    /// Data, where it is gone.
    pub(super) async fn open(context: &SessionContext, lake: &Location, run: &PublishedRun) -> Result<Self> {
        let work = match run.chain.is_empty() {
            true => lake.join(WORK).join(&run.run_id),
            false => lake.join(&states::name_of(run.number, &run.run_id)),
        };
        let settings = RunSettings::load(&work).await?;
        if let (None, Some(restored)) = (&settings, &run.restores) {
            // A rollback has no work of its own: its tables are those of an earlier run, which is kept.
            let runs = snapshot::runs(lake).await?;
            if let Some(earlier) = runs.iter().find(|earlier| &earlier.run_id == restored) {
                let earlier = snapshot::earlier(lake, earlier.clone(), &runs).await?;
                return Box::pin(Self::open(context, lake, &earlier)).await;
            }
        }
        let (Some(settings), Some(yaml)) = (settings, read_model(&work).await?) else {
            return Err(gone(lake, run).await);
        };
        Ok(KeptRun {
            model: Arc::new(load_model(MODEL_FILE, &yaml, &settings.attributes)?),
            settings,
            context: in_order(context),
            lake: lake.clone(),
            run: run.clone(),
            manifest: Manifest::load(&work).await?,
        })
    }

    async fn table(&self, table: &Table) -> Result<DataFrame> {
        let Some(output) = self.manifest.as_ref().and_then(|m| m.output(table.name)) else {
            return Err(gone(&self.lake, &self.run).await);
        };
        read::table(&self.context, &self.lake, output, table.schema()).await
    }

    /// The records in order.
    ///
    /// # Errors
    /// Data, where they are gone.
    pub(super) async fn standard(&self) -> Result<DataFrame> {
        if self.run.chain.is_empty() {
            return self.table(&STANDARD_RECORD).await;
        }
        match states::restore::standard(&self.context, &self.lake, &self.run.chain).await? {
            Some(rows) => Ok(rows),
            None => Err(gone(&self.lake, &self.run).await),
        }
    }

    /// Whether the run is an earlier one, of which there are the records and the model, and not the pairs that it compared.
    pub(super) fn is_earlier(&self) -> bool {
        self.manifest.is_none()
    }

    /// The error of who asks an earlier run for the pairs that it compared.
    pub(super) async fn without_pairs(&self) -> Error {
        gone(&self.lake, &self.run).await
    }

    /// Channel and id of the records, in order, also of an earlier run.
    ///
    /// # Errors
    /// Data, where they are gone.
    pub(super) async fn named(&self) -> Result<Keys> {
        Keys::named(self.standard().await?).await
    }

    /// The keys of the records, in order.
    ///
    /// # Errors
    /// Data, where they are gone.
    pub(super) async fn keys(&self) -> Result<Keys> {
        // Of an earlier run there are the features of records, and not all that clusters are made from.
        if self.manifest.is_none() {
            return Err(gone(&self.lake, &self.run).await);
        }
        Keys::read(self.standard().await?).await
    }

    /// Number of records; none where the run is an earlier one.
    pub(super) fn records(&self) -> Option<u64> {
        self.manifest.as_ref()?.output(STANDARD_RECORD.name).map(Output::rows)
    }

    /// The links.
    ///
    /// # Errors
    /// Data, where they are gone.
    pub(super) async fn links(&self) -> Result<Links> {
        Links::read(self.table(&SCORED_PAIR).await?).await
    }

    /// The scored pairs, by rows.
    ///
    /// # Errors
    /// Data, where they are gone.
    pub(super) async fn scored(&self) -> Result<DataFrame> {
        self.table(&SCORED_PAIR).await
    }

    /// The candidate pairs, by rows.
    ///
    /// # Errors
    /// Data, where they are gone.
    pub(super) async fn candidate_pairs(&self) -> Result<Vec<(usize, usize)>> {
        let written = self.manifest.as_ref().is_some_and(|m| m.output(CANDIDATE_PAIR.name).is_some());
        let pairs = match written {
            true => self.table(&CANDIDATE_PAIR).await?,
            false => {
                let blocks = block::read(self.table(&BLOCK).await?, self.model.rules.len()).await?;
                block::candidate_pairs(&self.context, &blocks)?
            }
        };
        let pairs = pairs.select_columns(&[col::ROW_L, col::ROW_R])?;
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
        false => error(", with the pairs that it compared: a run after it does not keep them").hint(format!(
            "leave out --as-of to ask the newest run, {}; `nayose evaluate --as-of {} --truth FILE` holds the customers of then against a truth; `nayose sql --as-of {} \"select * from ledger\"` has what was decided then",
            newest.number, run.number, run.number
        )),
    }
}
