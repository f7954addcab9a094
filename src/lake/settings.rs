//! What a run keeps in its work folder for those who ask later: the model with what it learned, and what else weighs pairs.

use serde::{Deserialize, Serialize};

use super::sealed;
use crate::config::file::{LimitsFile, ThresholdsFile};
use crate::error::{Error, Result};
use crate::store::Location;
use nayose_matching::record::attribute::Attribute;

/// The model with what was learned, in the work folder.
pub(crate) const MODEL_FILE: &str = "model.yaml";

/// The last line of the model file: the digest of the lines before it.
const DIGEST: &str = "# digest: ";

/// Writes the model with what was learned.
///
/// # Errors
/// Environment, if it cannot be written.
pub(crate) async fn write_model(work: &Location, yaml: &str) -> Result<()> {
    let yaml = format!("{}\n", yaml.trim_end());
    let sealed = format!("{yaml}{DIGEST}{}\n", blake3::hash(yaml.as_bytes()).to_hex());
    work.join(MODEL_FILE).write(sealed.into_bytes()).await
}

/// The model with what was learned; `None` where there is none.
///
/// # Errors
/// Environment, if it cannot be read; data, if it is damaged.
pub(crate) async fn read_model(work: &Location) -> Result<Option<String>> {
    let place = work.join(MODEL_FILE);
    let Some(bytes) = place.read_if_exists().await? else { return Ok(None) };
    let damaged =
        || Error::data(format!("{} is damaged", place.shown())).hint("run the pipeline again with --from score");
    let text = String::from_utf8(bytes).map_err(|_| damaged())?;
    // One of an earlier version has no digest.
    let Some((yaml, digest)) = text.rsplit_once(DIGEST) else { return Ok(Some(text)) };
    let as_written = blake3::hash(yaml.as_bytes()).to_hex().as_str() == digest.trim_end();
    if as_written { Ok(Some(text)) } else { Err(damaged()) }
}

/// The settings, in the work folder.
pub(crate) const SETTINGS_FILE: &str = "settings.json";

/// What of the pipeline file an explanation and the next run need.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct RunSettings {
    /// The declared attributes.
    pub attributes: Vec<Attribute>,
    /// The thresholds.
    pub thresholds: ThresholdsFile,
    /// The limits.
    pub limits: LimitsFile,
    /// Whether decisions of review need a second person.
    #[serde(default)]
    pub four_eyes: bool,
}

impl RunSettings {
    /// Those of a work folder; `None` where there are none.
    ///
    /// # Errors
    /// Environment, if the store cannot be read; data, if they are damaged.
    pub(crate) async fn load(work: &Location) -> Result<Option<Self>> {
        sealed::read(&work.join(SETTINGS_FILE), "run the pipeline again with --from score").await
    }

    /// Writes them.
    ///
    /// # Errors
    /// Environment, if they cannot be written.
    pub(crate) async fn save(&self, work: &Location) -> Result<()> {
        sealed::write(&work.join(SETTINGS_FILE), self).await
    }
}

/// Gives a run that keeps stages of a published one what these left beside their tables: the model, the settings.
///
/// # Errors
/// Environment, if it cannot be copied.
pub(crate) async fn carry_over(published: &Location, work: &Location, [model, settings]: [bool; 2]) -> Result<()> {
    if model && let Some(yaml) = read_model(published).await? {
        work.join(MODEL_FILE).write(yaml.into_bytes()).await?;
    }
    if settings && let Some(settings) = RunSettings::load(published).await? {
        settings.save(work).await?;
    }
    Ok(())
}
