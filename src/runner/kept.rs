//! What a published run left in its work folder: the records, the model with what it learned, the links. `explain` and
//! `evaluate` weigh pairs with it again.

use std::sync::Arc;

use datafusion::prelude::{DataFrame, SessionContext};

use super::snapshot::PublishedRun;
use super::stages::{Kept, MODEL_FILE, SETTINGS_FILE};
use super::{in_order, read};
use crate::config::load_model;
use crate::contract::{SCORED_PAIR, STANDARD_RECORD, Table};
use crate::error::{Error, Result};
use crate::functions::pack::pack;
use crate::manifest::Manifest;
use crate::model::Model;
use crate::model::score::Scorer;
use crate::stages::cluster::{Keys, Links};
use crate::store::Location;

/// Gives a run that keeps stages of a published one what these left beside their tables.
///
/// # Errors
/// Environment, if it cannot be copied.
pub async fn carry_over(published: &Location, work: &Location) -> Result<()> {
    for name in [MODEL_FILE, SETTINGS_FILE] {
        if let Some(bytes) = published.join(name).read_if_exists().await? {
            work.join(name).write(bytes).await?;
        }
    }
    Ok(())
}

/// The work of a published run.
pub struct KeptRun {
    /// The model with what the run learned.
    pub model: Arc<Model>,
    /// Attributes and thresholds.
    pub settings: Kept,
    context: SessionContext,
    lake: Location,
    run_id: String,
    manifest: Manifest,
}

impl KeptRun {
    /// Opens the work of a run.
    ///
    /// # Errors
    /// Data, where it is gone.
    pub async fn open(context: &SessionContext, lake: &Location, run: &PublishedRun) -> Result<Self> {
        let work = lake.join("work").join(&run.run_id);
        let gone = || gone(&run.run_id);
        let settings = work.join(SETTINGS_FILE).read_if_exists().await?.ok_or_else(gone)?;
        let settings: Kept = serde_json::from_slice(&settings).map_err(|_| gone())?;
        let yaml = work.join(MODEL_FILE).read_if_exists().await?.ok_or_else(gone)?;
        let yaml = String::from_utf8(yaml).map_err(|_| gone())?;
        Ok(KeptRun {
            model: Arc::new(load_model(MODEL_FILE, &yaml, &settings.attributes)?),
            settings,
            context: in_order(context),
            lake: lake.clone(),
            run_id: run.run_id.clone(),
            manifest: Manifest::load(&work).await?.ok_or_else(gone)?,
        })
    }

    async fn table(&self, table: &Table) -> Result<DataFrame> {
        let output = self.manifest.output(table.name).ok_or_else(|| gone(&self.run_id))?;
        read(&self.context, &self.lake, output, table.schema()).await
    }

    /// The records in order.
    ///
    /// # Errors
    /// Data, where they are gone.
    pub async fn standard(&self) -> Result<DataFrame> {
        self.table(&STANDARD_RECORD).await
    }

    /// The keys of the records, in order.
    ///
    /// # Errors
    /// Data, where they are gone.
    pub async fn keys(&self) -> Result<Keys> {
        Keys::read(self.standard().await?).await
    }

    /// The links.
    ///
    /// # Errors
    /// Data, where they are gone.
    pub async fn links(&self) -> Result<Links> {
        Links::read(self.table(&SCORED_PAIR).await?).await
    }

    /// A scorer with the run's model over the run's records.
    ///
    /// # Errors
    /// Data, where they are gone.
    pub async fn scorer(&self) -> Result<Scorer> {
        let packed = Arc::new(pack(self.standard().await?, &self.model).await?);
        let parameters = self.model.trained.clone().ok_or_else(|| Error::bug("the kept model has no parameters"))?;
        Ok(Scorer::new(self.model.clone(), packed, &parameters))
    }
}

fn gone(run_id: &str) -> Error {
    Error::data(format!("the work of run {run_id} is gone")).hint("run the pipeline again with --full")
}
