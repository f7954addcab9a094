//! The table `identity_at_threshold`: who would be one person at other thresholds, where that is somebody else.

use std::sync::Arc;

use arrow::array::{Float64Array, Int64Array, RecordBatch, StringArray};
use datafusion::prelude::SessionContext;

use super::{ClusterInput, Decided, Planned};
use crate::config::Pipeline;
use crate::config::file::ThresholdsFile;
use crate::error::Result;
use crate::tables::contract::IDENTITY_AT_THRESHOLD;
use nayose_matching::identity::bounds::Bounds;
use nayose_matching::identity::over_thresholds::{AtThreshold, Links, over_thresholds};
use nayose_matching::identity::people::{STEPS, people};

/// The last step of an error bar: a link is nineteen times likelier right than wrong. From there on more true links are lost than wrong ones.
const SURE: f64 = 0.95;

/// The steps of [`STEPS`] from `review` up to a sure link, without `auto`, which is the run's own.
fn others(thresholds: &ThresholdsFile) -> Vec<f64> {
    let is_other = |step: &f64| *step >= thresholds.review && *step <= SURE && *step != thresholds.auto;
    STEPS.into_iter().filter(is_other).collect()
}

/// The table, made now: it is small.
///
/// # Errors
/// Bug, if it cannot be built.
pub(super) fn plan(
    context: &SessionContext,
    input: &ClusterInput,
    decided: &Decided,
    of_run: &[u32],
    pipeline: &Pipeline,
) -> Result<Planned> {
    let ClusterInput { keys, links, scorer, bounds, .. } = input;
    let links = Links { edges: &links.edges, same: &decided.same, people: of_run };
    let apart = |l, r| decided.different(l, r);
    let most = &pipeline.limits.records_per_person;
    let found = over_thresholds(
        &links,
        &others(&pipeline.thresholds),
        |edge| bounds.is_link(edge),
        |edges, threshold| people(scorer, edges, &decided.same, apart, &Bounds::of(threshold), most).0,
    );
    // Rows are in order of channel and id.
    let rows: Vec<(f64, u32, u32)> = found
        .iter()
        .flat_map(|AtThreshold { threshold, rows }| rows.iter().map(|(row, person)| (*threshold, *row, *person)))
        .collect();
    let batch = RecordBatch::try_new(
        IDENTITY_AT_THRESHOLD.schema(),
        vec![
            Arc::new(Float64Array::from_iter_values(rows.iter().map(|(threshold, ..)| *threshold))),
            Arc::new(StringArray::from_iter_values(rows.iter().map(|(_, row, _)| keys.channel(*row)))),
            Arc::new(StringArray::from_iter_values(rows.iter().map(|(_, row, _)| keys.record_id(*row)))),
            Arc::new(Int64Array::from_iter_values(rows.iter().map(|(.., person)| i64::from(*person)))),
        ],
    )?;
    Ok(Planned::sorted(&IDENTITY_AT_THRESHOLD, context.read_batch(batch)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_steps_lie_between_review_and_a_sure_link() {
        let steps = |auto, review| others(&ThresholdsFile { auto, review, ..ThresholdsFile::default() });
        assert_eq!(steps(0.8, 0.5), [0.5, 0.6, 0.7, 0.9, 0.95]);
        assert_eq!(steps(0.9, 0.65), [0.7, 0.8, 0.95]);
        assert_eq!(steps(0.99, 0.97), [0.0; 0]);
    }
}
