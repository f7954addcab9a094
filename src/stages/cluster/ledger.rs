//! The ledger: every decision on a pair with its evidence, so that an auditor can ask for it again.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, Float64Array, ListArray, RecordBatch, StringArray, StructArray};
use datafusion::arrow::buffer::{OffsetBuffer, ScalarBuffer};
use datafusion::arrow::datatypes::DataType;

use super::{Decided, Keys, Links};
use crate::config::file::ThresholdsFile;
use crate::contract::{COMPARISON_RESULT, LEDGER, Type, item_field, struct_fields};
use crate::error::{Error, Result};
use crate::identity::cluster::Fate;
use crate::model::MISSING;
use crate::model::score::Scorer;

/// The decisions on all links from the review threshold up.
pub(super) fn table(
    keys: &Keys,
    links: &Links,
    fates: &[Fate],
    scorer: &Scorer,
    decided: &Decided,
    thresholds: &ThresholdsFile,
    run_id: &str,
) -> Result<RecordBatch> {
    let model = scorer.model();
    let decided_on = |i: usize| decided.reason(links.edges[i].l, links.edges[i].r);
    let kept: Vec<usize> = (0..links.edges.len())
        .filter(|&i| links.edges[i].person >= thresholds.review || decided_on(i).is_some())
        .collect();
    let edges = || kept.iter().map(|&i| (&links.edges[i], fates[i]));
    let mut names: Vec<&str> = Vec::new();
    let mut levels: Vec<&str> = Vec::new();
    let mut weights: Vec<f64> = Vec::new();
    let mut offsets: Vec<i32> = vec![0];
    for (edge, _) in edges() {
        for (comparison, evidence) in model.comparisons.iter().zip(scorer.evidence(edge.l as usize, edge.r as usize)) {
            if evidence.level != MISSING {
                names.push(&comparison.name);
                levels.push(&comparison.levels[evidence.level as usize].name);
                weights.push(evidence.weight);
            }
        }
        offsets.push(names.len() as i32);
    }
    let Type::Struct(fields) = COMPARISON_RESULT else { return Err(Error::bug("a comparison result is no struct")) };
    let columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from_iter_values(names)),
        Arc::new(StringArray::from_iter_values(levels)),
        Arc::new(Float64Array::from(weights)),
    ];
    let entries = StructArray::try_new(struct_fields(fields), columns, None)?;
    let item = Arc::new(item_field(DataType::Struct(struct_fields(fields))));
    let comparisons =
        ListArray::try_new(item, OffsetBuffer::new(ScalarBuffer::from(offsets)), Arc::new(entries), None)?;
    let text =
        |of: &dyn Fn(usize) -> String| Arc::new(StringArray::from_iter_values(kept.iter().map(|&i| of(i)))) as ArrayRef;
    let left = |i: usize| links.edges[i].l as usize;
    let right = |i: usize| links.edges[i].r as usize;
    let number =
        |of: &dyn Fn(usize) -> f64| Arc::new(Float64Array::from_iter_values(kept.iter().map(|&i| of(i)))) as ArrayRef;
    let reasons: StringArray = edges()
        .map(|(edge, fate)| match fate {
            _ if decided.reason(edge.l, edge.r).is_some() => decided.reason(edge.l, edge.r).map(str::to_string),
            Fate::Cut(l, r) => Some(format!(
                "{}:{} contradicts {}:{}",
                keys.channel[l as usize],
                keys.record_id[l as usize],
                keys.channel[r as usize],
                keys.record_id[r as usize]
            )),
            _ => None,
        })
        .collect();
    Ok(RecordBatch::try_new(
        LEDGER.schema(),
        vec![
            text(&|i| keys.channel[left(i)].to_string()),
            text(&|i| keys.record_id[left(i)].to_string()),
            text(&|i| keys.channel[right(i)].to_string()),
            text(&|i| keys.record_id[right(i)].to_string()),
            text(&|i| match decided_on(i) {
                Some(_) => "overridden".to_string(),
                None => decision(links.edges[i].l, links.edges[i].r, fates[i]).to_string(),
            }),
            number(&|i| links.weights[i]),
            number(&|i| links.edges[i].person),
            number(&|i| links.edges[i].household),
            text(&|i| model.rules[links.rules[i] as usize].name.clone()),
            Arc::new(comparisons),
            Arc::new(reasons),
            text(&|_| run_id.to_string()),
        ],
    )?)
}

/// A pair that contradicts itself is refused; one whose clusters contradict each other is cut.
fn decision(l: u32, r: u32, fate: Fate) -> &'static str {
    match fate {
        Fate::Linked => "matched",
        Fate::Below => "review",
        Fate::Cut(a, b) if (a, b) == (l, r) || (a, b) == (r, l) => "refused",
        Fate::Cut(..) => "cut",
    }
}
