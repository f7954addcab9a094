//! `nayose train`: a model learned now from the records of the newest published run, and what it would change.
//!
//! In: a pipeline and its lake. Out: [`Training`], and the model kept for the runs to come, unless it is only planned. Nothing is
//! published: the next run uses the model.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use datafusion::prelude::{DataFrame, SessionContext};
use serde::Serialize;

use super::desk::with_desk;
use super::names::same_pipeline;
use super::pairs::doubts;
use super::work_of;
use crate::config::decisions::Decision;
use crate::config::file::{TrainFile, TrainWordFile};
use crate::config::{Pipeline, load_model};
use crate::console::progress::Progress;
use crate::engine::session::{Resources, in_order, session};
use crate::error::{Error, Result};
use crate::functions::pack::pack;
use crate::functions::records::Records;
use crate::lake::manifest::Manifest;
use crate::lake::models::{self, Cause, KeptModel, TrainedOn};
use crate::lake::results::Expected;
use crate::lake::settings::{MODEL_FILE, read_model};
use crate::lake::{lock, read, snapshot};
use crate::stages::cluster::ids::Earlier;
use crate::stages::cluster::{Decided, Keys, Links, before, people_of};
use crate::stages::{block, score};
use crate::tables::contract::{BLOCK, CANDIDATE_PAIR, ID_MAP, LEDGER, SCORED_PAIR, STANDARD_RECORD, Table};
use nayose_matching::identity::alias::Aliases;
use nayose_matching::identity::bounds::Bounds;
use nayose_matching::identity::people::{HOUSEHOLD, expected};
use nayose_matching::model::bits::Bits;
use nayose_matching::model::score::Scorer;
use nayose_matching::model::{Model, Parameters};

/// What was learned, beside what the newest run used.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Training {
    /// The file of the model below the lake; none where it was only planned, or is the one that is kept already.
    pub kept: Option<String>,
    /// What it was trained on.
    pub on: TrainedOn,
    /// What makes one doubt it.
    pub doubts: Vec<String>,
    /// What the model of the newest run expects at the threshold, and what this one does.
    pub expected: [Expected; 2],
    /// The levels, in the order of the model.
    pub levels: Vec<LevelChange>,
    /// Pairs that come over the threshold, and that go under it.
    pub pairs: [usize; 2],
    /// Customers that would become one, each with the others; and how many such there are.
    pub merged: (usize, Vec<Vec<String>>),
    /// Customers that would become several; and how many there are.
    pub split: (usize, Vec<String>),
}

/// What a level says for one person, in bits.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct LevelChange {
    /// The comparison.
    pub comparison: String,
    /// Its level, with what the pairs lack.
    pub level: String,
    /// log2(m / u) with the model of the newest run, and with this one.
    pub bits: [f64; 2],
}

/// Customers that are named as examples.
const EXAMPLES: usize = 5;

/// Learns a model; keeps it unless this is a plan.
///
/// # Errors
/// Usage, where nothing is published or the pipeline uses no kept model; data, where the work of the newest run is gone.
pub(crate) async fn train(
    pipeline: &Pipeline,
    plan: bool,
    resources: &Resources,
    progress: &Progress,
) -> Result<Training> {
    refuse_useless(pipeline, plan)?;
    let pipeline = &*with_desk(pipeline).await?;
    let lake = &pipeline.lake;
    snapshot::find(lake, None).await?;
    let _lock = match plan {
        true => None,
        false => Some(lock::Lock::take(lake, |text| progress.warn(text)).await?),
    };
    let run = snapshot::find(lake, None).await?;
    let work = work_of(pipeline, &run.run_id);
    let gone = || Error::data(format!("the work of run {} is gone", run.run_id)).hint("run the pipeline with --full");
    let manifest = Manifest::load(&work).await?.ok_or_else(gone)?;
    same_pipeline(pipeline, &manifest)?;
    let yaml = read_model(&work).await?.ok_or_else(gone)?;
    if load_model(MODEL_FILE, &yaml, &pipeline.attributes)?.digest != pipeline.model.digest {
        return Err(Error::usage(format!("model.yaml is another one than that of run {}", run.run_id))
            .hint("run the pipeline: it trains a model by itself where model.yaml changed"));
    }
    let context = session(resources)?;
    let here = in_order(&context);
    let table = async |context: &SessionContext, table: &Table| -> Result<DataFrame> {
        let output = manifest.output(table.name).ok_or_else(gone)?;
        read::table(context, lake, output, table.schema()).await
    };
    let published =
        async |name: &str| -> Result<DataFrame> { snapshot::table(&context, lake, &run, name).await?.ok_or_else(gone) };
    let packed = Arc::new(pack(table(&here, &STANDARD_RECORD).await?, &pipeline.model).await?);
    let keys = Keys::read(table(&here, &STANDARD_RECORD).await?).await?;
    let pairs = match manifest.output(CANDIDATE_PAIR.name) {
        Some(_) => table(&context, &CANDIDATE_PAIR).await?,
        None => {
            let blocks = block::read(table(&here, &BLOCK).await?, pipeline.model.rules.len()).await?;
            block::candidate_pairs(&context, &blocks)?
        }
    };
    let candidates = pairs.clone().count().await? as u64;
    let records = Arc::new(Records::here(packed.clone()));
    let on = TrainedOn {
        run_id: run.run_id.clone(),
        as_of: run.as_of,
        records: packed.rows as u64,
        channels: packed.channels.clone(),
    };
    let model = &pipeline.model;
    let holds = |d: &&Decision| d.expires.is_none_or(|expires| expires > run.as_of);
    let decisions: Vec<Decision> = pipeline.decisions.iter().filter(holds).cloned().collect();
    let decided = score::decided_pairs(&keys, &decisions);
    let (block_size, digest) = (pipeline.limits.block_size, run.config_digest.clone());
    let (parameters, trained) = score::learn(pairs.clone(), model, &records, &decided, block_size, digest).await?;
    let (auto, review) = (pipeline.thresholds.auto, pipeline.thresholds.review);
    let profile = score::profile(pairs.clone(), candidates, model, &records, &parameters, auto).await?;

    let earlier = Links::read(table(&here, &SCORED_PAIR).await?).await?;
    let floor = review.min(HOUSEHOLD);
    let planned = score::plan(pairs, model, parameters.clone(), &records, floor)?.pop();
    let planned = planned.ok_or_else(|| Error::bug("scoring plans no table"))?;
    let mut links = Links::read(planned.plan).await?;
    let used = Parameters::from(manifest.score()?.parameter_bits.clone());
    let mut found = Training {
        kept: None,
        on,
        doubts: trained.learned.iter().flat_map(doubts).collect(),
        expected: [manifest.cluster()?.expected, expected(&links.edges, auto)],
        levels: levels(model, &used, &parameters),
        pairs: over_and_under(&earlier, &links, auto),
        merged: (0, Vec::new()),
        split: (0, Vec::new()),
    };
    let scorer = Scorer::new(model.clone(), packed, &parameters);
    let linked = before::links(published(LEDGER.name).await?, &keys).await?;
    let bounds = Bounds::holding(auto, pipeline.thresholds.holds_from(), keys.len(), &linked);
    links.add_held(&bounds, &scorer);
    let decided = Decided::new(&keys, &decisions);
    let (labels, _) = people_of(&links, &scorer, &decided, &bounds, pipeline);
    let ids = Earlier::read(published(ID_MAP.name).await?, &Aliases::default(), &keys, &HashSet::new(), None).await?;
    (found.merged, found.split) = moved(&ids, &labels);
    if !plan {
        let kept = KeptModel {
            model_file: model.digest.clone(),
            because: Cause::ByHand,
            on: found.on.clone(),
            trained,
            parameter_bits: Bits::from(&parameters),
            profile,
        };
        found.kept = models::keep(lake, &kept).await?;
    }
    Ok(found)
}

/// Refuses to make what no run would use.
fn refuse_useless(pipeline: &Pipeline, plan: bool) -> Result<()> {
    if pipeline.model.trained.is_some() {
        return Err(Error::usage("the model file has its parameters, so that no run uses others")
            .hint("take `trained` out of the model file"));
    }
    if !plan && pipeline.train == TrainFile::Word(TrainWordFile::EachRun) {
        return Err(Error::usage("the pipeline says `train: each_run`, so that no run uses a kept model")
            .hint("take that line out of the pipeline file"));
    }
    Ok(())
}

/// The levels that pairs can reach, with what they say before and after.
fn levels(model: &Model, before: &Parameters, after: &Parameters) -> Vec<LevelChange> {
    let bits = |of: &Parameters, comparison: usize, state: usize| {
        let shares = of.levels.get(comparison).and_then(|levels| levels.get(state));
        shares.map_or(0.0, |[m, _, u]| (m / u).log2())
    };
    let mut found = Vec::new();
    for (i, comparison) in model.comparisons.iter().enumerate() {
        for state in (0..comparison.states()).filter(|state| comparison.reaches(*state)) {
            found.push(LevelChange {
                comparison: comparison.name.clone(),
                level: comparison.state_name(state, &model.features),
                bits: [before, after].map(|of| bits(of, i, state)),
            });
        }
    }
    found
}

/// Pairs at the threshold or above it after and not before, and before and not after.
fn over_and_under(before: &Links, after: &Links, auto: f64) -> [usize; 2] {
    let over = |links: &Links| -> HashSet<(u32, u32)> {
        links.edges.iter().filter(|e| e.person >= auto).map(|e| (e.l, e.r)).collect()
    };
    let (before, after) = (over(before), over(after));
    [after.difference(&before).count(), before.difference(&after).count()]
}

type Merged = (usize, Vec<Vec<String>>);
type Split = (usize, Vec<String>);

/// The customers of before that `labels` join, and that they part.
fn moved(before: &Earlier, labels: &[u32]) -> (Merged, Split) {
    let (mut of_label, mut of_id) = (BTreeMap::<u32, BTreeSet<&str>>::new(), BTreeMap::<&str, BTreeSet<u32>>::new());
    for (place, label) in before.customers.of_row.iter().zip(labels) {
        let Some(issued) = before.customers.issued.get(*place as usize) else { continue };
        of_label.entry(*label).or_default().insert(&issued.id);
        of_id.entry(&issued.id).or_default().insert(*label);
    }
    let mut merged: Vec<Vec<String>> = of_label
        .into_values()
        .filter(|ids| ids.len() > 1)
        .map(|ids| ids.into_iter().map(str::to_string).collect())
        .collect();
    merged.sort();
    let split: Vec<String> =
        of_id.into_iter().filter(|(_, labels)| labels.len() > 1).map(|(id, _)| id.to_string()).collect();
    let counts = (merged.len(), split.len());
    ((counts.0, merged.into_iter().take(EXAMPLES).collect()), (counts.1, split.into_iter().take(EXAMPLES).collect()))
}
