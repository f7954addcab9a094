//! The stages `block` and `score`: records to candidate pairs, pairs to probabilities.

use std::sync::Arc;

use datafusion::prelude::DataFrame;

use super::model::Choice;
use super::{Run, forecast, work_of};
use crate::config::check_model::with_parameters;
use crate::error::{Error, Result};
use crate::functions::pack::pack;
use crate::functions::records::Records;
use crate::lake::manifest::{Output, StageRecord};
use crate::lake::models::{self, Cause, UsedModel};
use crate::lake::profile::Drift;
use crate::lake::results::{BlockResult, Forecast, Learned, LeftOut, ScoreResult, StageResult};
use crate::lake::settings::{MODEL_FILE, read_model, write_model};
use crate::stages::cluster::Keys;
use crate::stages::{Planned, Stage, block, score};
use crate::tables::contract::{BLOCK, CANDIDATE_PAIR, STANDARD_RECORD};
use nayose_matching::identity::people::HOUSEHOLD;
use nayose_matching::model::bits::Bits;
use nayose_matching::model::{BlockingRule, Packed, Parameters};

/// What makes one doubt what was learned, in sentences.
pub(super) fn doubts(learned: &Learned) -> Vec<String> {
    let unsettled = "the model did not converge; raise training.steps in the model file".to_string();
    let mut found: Vec<String> = learned.nothing().into_iter().collect();
    found.extend((!learned.converged).then_some(unsettled));
    found.extend(learned.dependence.as_ref().map(|dependence| dependence.warning()));
    found.extend(learned.doubts.warnings());
    found
}

impl Run<'_> {
    pub(super) async fn block(&self, record: &mut StageRecord) -> Result<()> {
        let model = &self.pipeline.model;
        let (size, memory) = (self.pipeline.limits.block_size, self.options.resources.memory);
        let records = self.manifest.output(STANDARD_RECORD.name).map_or(0, Output::rows);
        let outputs = self.manifest.stages.values().flat_map(|stage| stage.outputs.values());
        let written = outputs.flat_map(|output| &output.parts).map(|part| part.bytes).sum();
        let free = self.pipeline.lake.free_bytes();
        forecast::refuse_features(records, memory as u64)?;
        let packed = self.packed(record).await?;
        let blocked = block::blocks(model, &packed, size, memory)?;
        let rules = blocked.forecast();
        let bound = forecast::bound(&rules);
        let refused = |found: &Forecast| forecast::refuse_over(found, memory as u64, free, &model.rules, &rules);
        let mut forecast = forecast::forecast(records, written, bound);
        // The sizes of blocks count a pair several times. Where that decides, the pairs themselves are counted.
        if model.rules.iter().any(BlockingRule::is_near) || refused(&forecast).is_err() {
            forecast = forecast::forecast(records, written, blocked.distinct_pairs(records, bound));
        }
        refused(&forecast)?;
        let pairs = &blocked.pairs;
        self.put(Stage::Block, block::table(&self.context, pairs)?, false, None, record).await?;
        let found = BlockResult {
            forecast,
            pairs_by_rule: blocked.pairs_by_rule(model),
            blocks_left_out: blocked.left_out(model),
        };
        if self.options.resources.cluster.is_some() {
            // Executors read pairs as files.
            let plan = block::candidate_pairs(&self.context, pairs)?;
            let expected = found.pairs_by_rule.values().sum();
            let planned = Planned::unsorted(&CANDIDATE_PAIR, plan);
            self.put(Stage::Block, planned, false, Some(expected), record).await?;
        }
        self.pairs.get_or_init(|| pairs.clone());
        for (rule, LeftOut { blocks, largest, .. }) in &found.blocks_left_out {
            self.progress.warn(&format!(
                "blocking rule {rule:?}: {blocks} blocks of up to {largest} records are over limits.block_size and were left out; add `refine` keys to the rule"
            ));
        }
        record.result = Some(StageResult::Block(found));
        Ok(())
    }

    /// The features of all records.
    pub(super) async fn packed(&self, record: &StageRecord) -> Result<Arc<Packed>> {
        if let Some(packed) = self.packed.get() {
            return Ok(packed.clone());
        }
        let standard = self.table_in_order(&STANDARD_RECORD, record).await?;
        let packed = Arc::new(pack(standard, &self.pipeline.model).await?);
        Ok(self.packed.get_or_init(|| packed).clone())
    }

    /// The candidate pairs: those that were written for executors or by an earlier build, or made from the blocks.
    async fn candidate_pairs(&self, record: &StageRecord) -> Result<DataFrame> {
        if self.manifest.output(CANDIDATE_PAIR.name).is_some() {
            return self.table(&CANDIDATE_PAIR, record).await;
        }
        let pairs = match self.pairs.get() {
            Some(pairs) => pairs.clone(),
            None => {
                let blocks = self.table_in_order(&BLOCK, record).await?;
                let read = block::read(blocks, self.pipeline.model.rules.len()).await?;
                self.pairs.get_or_init(|| read).clone()
            }
        };
        block::candidate_pairs(&self.context, &pairs)
    }

    pub(super) async fn score(&self, record: &mut StageRecord) -> Result<()> {
        let model = &self.pipeline.model;
        let packed = self.packed(record).await?;
        let records = Arc::new(match self.options.resources.cluster {
            Some(_) => Records::shared(packed, &self.work).await?,
            None => Records::here(packed),
        });
        let pairs = self.candidate_pairs(record).await?;
        let candidates = self.manifest.block()?.pairs_by_rule.values().sum();
        let junk_values = score::junk_values(model, records.packed()?);
        let auto = self.pipeline.thresholds.auto;
        let (parameters, trained, on, trained_because, before) = match &self.choice {
            Some(Choice::Kept(kept)) => {
                let parameters = Parameters::from(kept.parameter_bits.clone());
                (parameters, kept.trained.clone(), Some(kept.on.clone()), None, Some(&kept.profile))
            }
            choice => {
                let digest = self.manifest.config_digest.clone();
                let block_size = self.pipeline.limits.block_size;
                let decided = self.decided_pairs(record).await?;
                let (parameters, trained) =
                    score::learn(pairs.clone(), model, &records, &decided, block_size, digest).await?;
                let told = trained.learned.iter().flat_map(doubts);
                told.for_each(|doubt| self.progress.warn(&doubt));
                let cause = match choice {
                    Some(Choice::Train(cause)) => Some(cause.clone()),
                    _ => None,
                };
                if let Some(cause) = cause.as_ref().filter(|cause| cause.is_again()) {
                    self.progress.warn(&format!("the model was trained again: {cause}"));
                }
                let on = cause.as_ref().map(|_| self.now()).transpose()?;
                (parameters, trained, on, cause, None)
            }
        };
        let profile = score::profile(pairs.clone(), candidates, model, &records, &parameters, auto).await?;
        let drift = before.map(|before| Drift::between(before, &profile));
        if let (Some(drift), Some(on)) = (&drift, &on) {
            for what in &drift.beyond {
                self.progress.warn(&format!(
                    "{what} since the model was trained on run {}; see what another would change with `nayose train --plan`",
                    on.run_id
                ));
            }
        }
        let parameter_bits = Bits::from(&parameters);
        let learned = models::learned(&parameter_bits)?;
        if trained_because.as_ref().is_some_and(Cause::is_kept) {
            // The next run finds the model kept, and what it decided unchanged.
            record.basis = Some(self.score_basis(&learned));
        }
        let used = UsedModel { model_file: model.digest.clone(), learned, on, trained_because };
        let found =
            ScoreResult { junk_values, trained, parameter_bits, model: Some(used), profile: Some(profile), drift };
        record.result = Some(StageResult::Score(Box::new(found)));
        self.keep_model(&parameters).await?;
        let floor = self.pipeline.thresholds.review.min(HOUSEHOLD);
        for planned in score::plan(pairs, model, parameters, &records, floor)? {
            self.put(Stage::Score, planned, false, Some(candidates), record).await?;
        }
        records.forget().await
    }

    /// The pairs on which people decided, by rows: the model learns from them.
    async fn decided_pairs(&self, record: &StageRecord) -> Result<Vec<score::DecidedPair>> {
        let decisions = self.decisions()?;
        if decisions.is_empty() {
            return Ok(Vec::new());
        }
        let keys = Keys::read(self.table_in_order(&STANDARD_RECORD, record).await?).await?;
        Ok(score::decided_pairs(&keys, &decisions))
    }

    /// Keeps the model with what was learned, so that `explain` can weigh any pair, and so that it can be used again.
    async fn keep_model(&self, parameters: &Parameters) -> Result<()> {
        let file = with_parameters(&self.pipeline.model_file, &self.pipeline.model, parameters);
        let yaml =
            serde_saphyr::to_string(&file).map_err(|e| Error::bug(format!("the model cannot be written: {e}")))?;
        write_model(&self.work, &yaml).await
    }

    /// The model of the run before is that of this one.
    pub(super) async fn keep_model_of_before(&self) -> Result<()> {
        let before = self.before.as_ref().ok_or_else(|| Error::bug("a stage was kept of no run"))?;
        let yaml = read_model(&work_of(self.pipeline, &before.run_id)).await?;
        let yaml = yaml.ok_or_else(|| {
            Error::data(format!("the model of run {} is gone", before.run_id)).hint("run again with --from score")
        })?;
        self.work.join(MODEL_FILE).write(yaml.into_bytes()).await
    }
}
