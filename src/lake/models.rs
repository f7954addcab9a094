//! What was learned, kept over runs: `models/NNNN-DIGEST.json`, a file for each training.
//!
//! In: the parameters that a run or `nayose train` learned, with what they were learned from. Out: the newest that belongs to a model
//! file. The name has the number of the training and the digest of the model file. There is no value of a record in it: how
//! frequent values are is counted in each run.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::profile::Profile;
use super::results::Trained;
use super::sealed;
use crate::error::Result;
use crate::store::Location;
use nayose_matching::model::bits::Bits;

/// Folder of the files below the lake.
pub(crate) const FOLDER: &str = "models";

/// What to do where a file is damaged.
const REMEDY: &str = "restore it from a backup, or remove it: the next run then uses the one before, or trains anew";

/// Why a model was trained.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Cause {
    /// None was kept.
    First,
    /// Those that are kept belong to another model file.
    OtherModelFile,
    /// The records grew beyond what the pipeline allows.
    Growth {
        /// Records that the kept one was trained on.
        from: u64,
        /// Records now.
        to: u64,
    },
    /// A channel came that the kept one has not seen.
    NewChannel {
        /// Its name.
        channel: String,
    },
    /// The kept one is older than the pipeline allows.
    Age {
        /// Its age.
        days: i64,
    },
    /// The pipeline says so for each run.
    EachRun,
    /// Somebody asked for it.
    ByHand,
}

impl Cause {
    /// Whether what is trained for it is kept for other runs.
    pub(crate) fn is_kept(&self) -> bool {
        *self != Cause::EachRun
    }

    /// Whether a run trained by itself what it had trained before.
    pub(crate) fn is_again(&self) -> bool {
        !matches!(self, Cause::First | Cause::EachRun | Cause::ByHand)
    }
}

impl std::fmt::Display for Cause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Cause::First => write!(f, "none was kept"),
            Cause::OtherModelFile => write!(f, "model.yaml changed"),
            Cause::Growth { from, to } => write!(f, "the records grew from {from} to {to}"),
            Cause::NewChannel { channel } => write!(f, "channel {channel} is new to it"),
            Cause::Age { days } => write!(f, "it was {days} days old"),
            Cause::EachRun => write!(f, "the pipeline says `train: each_run`"),
            Cause::ByHand => write!(f, "somebody asked for it"),
        }
    }
}

/// What a model was trained on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TrainedOn {
    /// The run whose records they were.
    pub run_id: String,
    /// The time as of which it holds, microseconds.
    pub as_of: i64,
    /// How many records.
    pub records: u64,
    /// Their channels, in order.
    pub channels: Vec<String>,
}

/// The model that a run used.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct UsedModel {
    /// Digest of the model file.
    pub model_file: String,
    /// Digest of what was learned.
    pub learned: String,
    /// What it was trained on; none where the model file has the parameters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on: Option<TrainedOn>,
    /// Why the run trained it; none where it was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trained_because: Option<Cause>,
}

/// A model that is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct KeptModel {
    /// Digest of the model file that it belongs to.
    pub model_file: String,
    /// Why it was trained.
    pub because: Cause,
    /// What it was trained on.
    pub on: TrainedOn,
    /// How it was learned, with the probabilities as people read them.
    pub trained: Trained,
    /// The same, every bit of them.
    pub parameter_bits: Bits,
    /// What it found in the pairs that it was trained on.
    pub profile: Profile,
}

impl KeptModel {
    /// Digest of what was learned.
    ///
    /// # Errors
    /// Bug, where it is no JSON.
    pub(crate) fn learned(&self) -> Result<String> {
        learned(&self.parameter_bits)
    }
}

/// Digest of parameters.
///
/// # Errors
/// Bug, where they are no JSON.
pub(crate) fn learned(bits: &Bits) -> Result<String> {
    sealed::digest(bits)
}

/// The names of all files with their numbers, in order.
async fn files(lake: &Location) -> Result<Vec<(u64, String)>> {
    let number = |(file, _): (String, _)| Some((file.split_once('-')?.0.parse().ok()?, file));
    let mut files: Vec<(u64, String)> =
        lake.join(FOLDER).glob("*-*.json").await?.into_iter().filter_map(number).collect();
    files.sort();
    Ok(files)
}

/// The models that belong to a model file, the oldest first; whether there are any of others too.
async fn of_model_file(lake: &Location, model_file: &str) -> Result<(Vec<KeptModel>, bool)> {
    let (mut kept, mut others) = (Vec::new(), false);
    for (_, file) in files(lake).await? {
        let place = lake.join(FOLDER).join(&file);
        match sealed::read::<KeptModel>(&place, REMEDY).await? {
            Some(model) if model.model_file == model_file => kept.push(model),
            _ => others = true,
        }
    }
    Ok((kept, others))
}

/// The newest model of a model file that was trained on one of these runs; or why there is none. A run that was too late to publish
/// left its model: nobody uses it.
///
/// # Errors
/// Environment, if the lake cannot be read; data, where a file is damaged.
pub(crate) async fn newest(
    lake: &Location,
    model_file: &str,
    published: &BTreeSet<String>,
) -> Result<std::result::Result<KeptModel, Cause>> {
    let (mut kept, others) = of_model_file(lake, model_file).await?;
    kept.retain(|model| published.contains(&model.on.run_id));
    Ok(kept.pop().ok_or(if others { Cause::OtherModelFile } else { Cause::First }))
}

/// Digest of what the newest training by hand learned: a run that has not used it yet has something to do.
///
/// # Errors
/// As [`newest`].
pub(crate) async fn by_hand(lake: &Location, model_file: &str) -> Result<Option<String>> {
    let (kept, _) = of_model_file(lake, model_file).await?;
    kept.iter().rfind(|model| model.because == Cause::ByHand).map(KeptModel::learned).transpose()
}

/// Keeps a model, unless it is kept already; answers the name of its file.
///
/// # Errors
/// Environment, if it cannot be written.
pub(crate) async fn keep(lake: &Location, model: &KeptModel) -> Result<Option<String>> {
    let (kept, _) = of_model_file(lake, &model.model_file).await?;
    if kept.iter().any(|of| of.on == model.on && of.parameter_bits == model.parameter_bits) {
        return Ok(None);
    }
    let number = files(lake).await?.last().map_or(1, |(number, _)| number + 1);
    let name = format!("{FOLDER}/{number:04}-{}.json", model.model_file.get(..16).unwrap_or(&model.model_file));
    sealed::write(&lake.join(&name), model).await?;
    Ok(Some(name))
}

/// Removes the models that were trained on these runs.
///
/// # Errors
/// Environment, if one cannot be removed; data, where a file is damaged.
pub(crate) async fn forget(lake: &Location, runs: &BTreeSet<String>) -> Result<()> {
    for (_, file) in files(lake).await? {
        let place = lake.join(FOLDER).join(&file);
        let kept = sealed::read::<KeptModel>(&place, REMEDY).await?;
        if kept.is_some_and(|kept| runs.contains(&kept.on.run_id)) {
            place.remove().await?;
        }
    }
    Ok(())
}

/// The files that are not as they were written, each with what is wrong with it.
///
/// # Errors
/// Environment, if the lake cannot be read.
pub(crate) async fn damaged(lake: &Location) -> Result<Vec<(String, crate::error::Error)>> {
    let mut found = Vec::new();
    for (_, file) in files(lake).await? {
        if let Err(error) = sealed::read::<KeptModel>(&lake.join(FOLDER).join(&file), REMEDY).await {
            found.push((format!("{FOLDER}/{file}"), error));
        }
    }
    Ok(found)
}
