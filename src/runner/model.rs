//! Which model a run uses: one that is kept, or one that it trains, and why.
//!
//! In: the kept models of the lake, the pipeline's `train`, what this run has. Out: [`Choice`], made once before `score`; what the
//! stage needs to know of it in its [`Basis`](crate::lake::manifest::Basis); the file of a model that a run trained, written
//! when the run is published and not before, so that a delivery that a check refused has taught nobody.

use std::collections::BTreeSet;

use super::Run;
use crate::config::decisions::Decision;
use crate::config::file::{TrainFile, TrainWhenFile, TrainWordFile};
use crate::config::{DAY, Pipeline, Renames, Rows};
use crate::error::Result;
use crate::lake::manifest::Output;
use crate::lake::models::{self, Cause, KeptModel, TrainedOn, UsedModel};
use crate::lake::results::ScoreResult;
use crate::lake::snapshot;
use crate::store::Location;
use crate::tables::contract::STANDARD_RECORD;
use nayose_matching::model::bits::Bits;
use nayose_matching::model::{Comparison, Model, Parameters};

/// The model of a run.
pub(super) enum Choice {
    /// The model file has the parameters.
    Given,
    /// One that is kept.
    Kept(Box<KeptModel>),
    /// One that this run trains.
    Train(Cause),
}

/// What of the lake's models decides a run besides its input: parameters that the model file has, or the newest that somebody trained by
/// hand. Those that a run trains by itself follow from what went before.
pub(super) async fn taught(pipeline: &Pipeline) -> Result<Option<String>> {
    match &pipeline.model.trained {
        Some(trained) => models::learned(&Bits::from(trained)).map(Some),
        None if pipeline.train == TrainFile::Word(TrainWordFile::EachRun) => Ok(None),
        None => models::by_hand(&pipeline.lake, &pipeline.model.digest).await,
    }
}

/// The newest kept model that fits a model file; or why one has to be trained.
pub(super) async fn kept(lake: &Location, model: &Model) -> Result<std::result::Result<KeptModel, Cause>> {
    let fits = |kept: &KeptModel| {
        let parameters = Parameters::from(kept.parameter_bits.clone());
        let states = |(c, of): (&Comparison, &Vec<[f64; 3]>)| c.states() == of.len();
        parameters.levels.len() == model.comparisons.len()
            && model.comparisons.iter().zip(&parameters.levels).all(states)
    };
    let published = snapshot::runs(lake).await?.into_iter().map(|run| run.run_id).collect();
    match models::newest(lake, &model.digest, &published).await? {
        // Another build may divide levels otherwise.
        Ok(kept) if !fits(&kept) => Ok(Err(Cause::OtherModelFile)),
        newest => Ok(newest),
    }
}

/// A model with the channels' names of today. A pair of channels is named in order of their names.
fn renamed(mut kept: KeptModel, renames: &Renames) -> KeptModel {
    if renames.is_empty() {
        return kept;
    }
    let today = |pair: &String| {
        let (a, b) = pair.split_once('+').filter(|(a, b)| a <= b)?;
        let (a, b) = (renames.today(a), renames.today(b));
        Some(if a <= b { format!("{a}+{b}") } else { format!("{b}+{a}") })
    };
    let mut parameters = Parameters::from(kept.parameter_bits);
    parameters.priors = parameters.priors.iter().filter_map(|(pair, of)| Some((today(pair)?, *of))).collect();
    kept.parameter_bits = Bits::from(&parameters);
    let channels = &kept.profile.channels;
    kept.profile.channels = channels.iter().filter_map(|(pair, of)| Some((today(pair)?, *of))).collect();
    let names: BTreeSet<String> = kept.on.channels.iter().map(|name| renames.today(name).to_string()).collect();
    kept.on.channels = names.into_iter().collect();
    kept
}

/// Why a kept model has to be trained again, if it has to.
fn outgrown(kept: &TrainedOn, now: &TrainedOn, when: TrainWhenFile) -> Option<Cause> {
    if let Some(channel) = now.channels.iter().find(|channel| !kept.channels.contains(channel)) {
        return Some(Cause::NewChannel { channel: channel.clone() });
    }
    let (from, to) = (kept.records, now.records);
    if to as f64 >= from as f64 * (1.0 + when.growth()) && to > from {
        return Some(Cause::Growth { from, to });
    }
    let days = (now.as_of - kept.as_of) / DAY;
    when.days.filter(|most| days >= i64::from(*most)).map(|_| Cause::Age { days })
}

impl Run<'_> {
    /// Chooses the model.
    pub(super) async fn choose_model(&self) -> Result<Choice> {
        let (pipeline, model) = (self.pipeline, &self.pipeline.model);
        if model.trained.is_some() {
            return Ok(Choice::Given);
        }
        let when = match pipeline.train {
            TrainFile::Word(TrainWordFile::EachRun) => return Ok(Choice::Train(Cause::EachRun)),
            TrainFile::Word(TrainWordFile::ByHand) => None,
            TrainFile::When(when) => Some(when),
        };
        let kept = match kept(&pipeline.lake, model).await? {
            Ok(kept) => renamed(kept, &pipeline.renames),
            Err(cause) => return Ok(Choice::Train(cause)),
        };
        match when.and_then(|when| outgrown(&kept.on, &self.now().ok()?, when)) {
            Some(cause) => Ok(Choice::Train(cause)),
            None => Ok(Choice::Kept(Box::new(kept))),
        }
    }

    /// What a model that is trained now is trained on.
    pub(super) fn now(&self) -> Result<TrainedOn> {
        // Sources of facts name people of channels that have none.
        let found = &self.manifest.ingest()?.files;
        let has_rows = |name: &str| found.iter().any(|file| file.source == name && file.rows > file.rejects);
        let people = self
            .pipeline
            .sources
            .iter()
            .filter(|source| matches!(source.holds, Rows::People { .. }) && has_rows(&source.name));
        let channels: BTreeSet<String> = people.map(|source| source.channel.clone()).collect();
        Ok(TrainedOn {
            run_id: self.manifest.run_id.clone(),
            as_of: self.as_of()?,
            records: self.manifest.output(STANDARD_RECORD.name).map_or(0, Output::rows),
            channels: channels.into_iter().collect(),
        })
    }

    /// What decides the pairs' probabilities besides the model file and what is compared.
    pub(super) fn chosen(&self) -> Result<String> {
        Ok(match &self.choice {
            Some(Choice::Given) => {
                let given = self.pipeline.model.trained.as_ref().map(Bits::from);
                given.map(|bits| models::learned(&bits)).transpose()?.unwrap_or_default()
            }
            Some(Choice::Kept(kept)) => kept.learned()?,
            // It learns from what people decided.
            _ => {
                let decided = self.decisions()?;
                let line = |d: &Decision| format!("{:?} {:?} {} {:?}\n", d.left, d.right, d.same, d.expires);
                format!("{} {}", self.pipeline.parts.limits, decided.iter().map(line).collect::<String>())
            }
        })
    }

    /// Digest of the model with what was learned.
    pub(super) fn model_digest(&self) -> Result<String> {
        let learned = models::learned(&self.manifest.score()?.parameter_bits)?;
        let text = format!("{} {learned}", self.pipeline.model.digest);
        Ok(blake3::hash(text.as_bytes()).to_hex()[..32].to_string())
    }

    /// Keeps the model that this run trained for the runs to come.
    pub(super) async fn keep_trained(&self) -> Result<()> {
        let ScoreResult { model: Some(used), profile: Some(profile), trained, parameter_bits, .. } =
            self.manifest.score()?
        else {
            return Ok(());
        };
        let UsedModel { model_file, on: Some(on), trained_because: Some(because), .. } = used else { return Ok(()) };
        if !because.is_kept() {
            return Ok(());
        }
        let kept = KeptModel {
            model_file: model_file.clone(),
            because: because.clone(),
            on: on.clone(),
            trained: trained.clone(),
            parameter_bits: parameter_bits.clone(),
            profile: profile.clone(),
        };
        models::keep(&self.pipeline.lake, &kept).await.map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_is_outgrown_by_records_channels_and_days() {
        let on = |records, day: i64, channels: &[&str]| TrainedOn {
            run_id: "r".into(),
            as_of: day * DAY,
            records,
            channels: channels.iter().map(|c| c.to_string()).collect(),
        };
        let kept = on(1000, 0, &["app", "shop"]);
        let check = |now: TrainedOn, days: Option<u32>, growth: Option<f64>| {
            outgrown(&kept, &now, TrainWhenFile { days, growth }).map(|cause| cause.to_string())
        };
        assert_eq!(check(on(1499, 400, &["app"]), None, None), None);
        assert_eq!(check(on(1500, 0, &["app"]), None, None).as_deref(), Some("the records grew from 1000 to 1500"));
        assert_eq!(check(on(1500, 0, &["app"]), None, Some(1.0)), None);
        assert_eq!(check(on(900, 0, &["app", "web"]), None, None).as_deref(), Some("channel web is new to it"));
        assert_eq!(check(on(1000, 29, &[]), Some(30), None), None);
        assert_eq!(check(on(1000, 30, &[]), Some(30), None).as_deref(), Some("it was 30 days old"));
    }
}
