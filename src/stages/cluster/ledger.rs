//! The ledger: every decision on a pair with its evidence, so that an auditor can ask for it again.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, ListArray, RecordBatch, StringArray, StructArray};
use arrow::buffer::{OffsetBuffer, ScalarBuffer};
use arrow::datatypes::DataType;

use super::before::{HELD, MATCHED, NO_RULE};
use super::{Decided, Keys, Links};
use crate::config::file::ThresholdsFile;
use crate::error::{Error, Result};
use crate::tables::contract::{COMPARISON_RESULT, LEDGER, Type, item_field, struct_fields};
use nayose_matching::identity::cluster::Fate;
use nayose_matching::model::MISSING;
use nayose_matching::model::score::{Score, Scorer};

/// A row of the ledger.
struct Entry<'a> {
    l: u32,
    r: u32,
    decision: &'static str,
    score: Score,
    rule: &'a str,
    reason: Option<String>,
}

/// The decisions on all links from the review threshold up, and on all pairs on which a person decided.
pub(super) fn table(
    keys: &Keys,
    links: &Links,
    fates: &[Fate],
    scorer: &Scorer,
    decided: &Decided,
    (thresholds, hold): (&ThresholdsFile, f64),
    run_id: &str,
) -> Result<RecordBatch> {
    let model = scorer.model();
    let mut entries: Vec<Entry> = Vec::new();
    for ((edge, fate), (rule, weight)) in links.edges.iter().zip(fates).zip(links.rules.iter().zip(&links.weights)) {
        let by_person = decided.reason(edge.l, edge.r);
        if edge.person < thresholds.review || by_person.is_some() {
            continue;
        }
        let score = Score { person: edge.person, household: edge.household, weight: *weight };
        let reason = match fate {
            Fate::Linked if edge.person < thresholds.auto => {
                Some(format!("the run before linked them, and a link holds from a probability of {hold} up"))
            }
            _ => reason(keys, scorer, *fate),
        };
        let rule: &str = if *rule == NO_RULE { HELD } else { &model.rules[*rule as usize].name };
        entries.push(Entry { l: edge.l, r: edge.r, decision: decision(edge.l, edge.r, *fate), score, rule, reason });
    }
    for (&(l, r), reason) in &decided.rows {
        let score = scorer.score(l as usize, r as usize);
        entries.push(Entry { l, r, decision: "overridden", score, rule: "decision", reason: Some(reason.clone()) });
    }
    entries.sort_unstable_by_key(|e| (e.l, e.r));
    let comparisons = comparisons(scorer, &entries)?;
    let text =
        |of: &dyn Fn(&Entry) -> String| Arc::new(StringArray::from_iter_values(entries.iter().map(of))) as ArrayRef;
    let number =
        |of: &dyn Fn(&Entry) -> f64| Arc::new(Float64Array::from_iter_values(entries.iter().map(of))) as ArrayRef;
    let reasons: StringArray = entries.iter().map(|e| e.reason.as_deref()).collect();
    Ok(RecordBatch::try_new(
        LEDGER.schema(),
        vec![
            text(&|e| keys.channel[e.l as usize].to_string()),
            text(&|e| keys.record_id[e.l as usize].to_string()),
            text(&|e| keys.channel[e.r as usize].to_string()),
            text(&|e| keys.record_id[e.r as usize].to_string()),
            text(&|e| e.decision.to_string()),
            number(&|e| e.score.weight),
            number(&|e| e.score.person),
            number(&|e| e.score.household),
            text(&|e| e.rule.to_string()),
            Arc::new(comparisons),
            Arc::new(reasons),
            text(&|_| run_id.to_string()),
        ],
    )?)
}

/// Level and weight of every comparison that is known, for each entry.
fn comparisons(scorer: &Scorer, entries: &[Entry]) -> Result<ListArray> {
    let mut names: Vec<&str> = Vec::new();
    let mut levels: Vec<&str> = Vec::new();
    let mut weights: Vec<f64> = Vec::new();
    let mut offsets: Vec<i32> = vec![0];
    for entry in entries {
        let evidence = scorer.evidence(entry.l as usize, entry.r as usize);
        for (comparison, evidence) in scorer.model().comparisons.iter().zip(evidence) {
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
    let values = StructArray::try_new(struct_fields(fields), columns, None)?;
    let item = Arc::new(item_field(DataType::Struct(struct_fields(fields))));
    Ok(ListArray::try_new(item, OffsetBuffer::new(ScalarBuffer::from(offsets)), Arc::new(values), None)?)
}

fn reason(keys: &Keys, scorer: &Scorer, fate: Fate) -> Option<String> {
    match fate {
        Fate::Linked | Fate::Below => None,
        Fate::Cut(l, r) => Some(format!("{} contradicts {}", keys.name(l), keys.name(r))),
        Fate::Contested(row, rival) => Some(format!("{} fits {} as well", keys.name(row), keys.name(rival))),
        Fate::Outvoted(tally) => {
            let (sum_for, sum_against) = tally.bits();
            Some(format!(
                "the pairs of the two groups are against it: {} with {sum_against:.1} bits, {} for it with {sum_for:.1}",
                tally.pairs_against, tally.pairs_for
            ))
        }
        Fate::Bridge => Some("the two groups with all their values are likelier two people than one".to_string()),
        Fate::Limit(channel) => {
            let channel = &scorer.packed().channels[channel as usize];
            Some(format!("the person would have more records of channel {channel} than limits.records_per_person"))
        }
    }
}

/// A pair that contradicts itself is refused; one whose clusters contradict each other is cut.
fn decision(l: u32, r: u32, fate: Fate) -> &'static str {
    match fate {
        Fate::Linked => MATCHED,
        Fate::Below | Fate::Contested(..) => "review",
        Fate::Cut(a, b) if (a, b) == (l, r) || (a, b) == (r, l) => "refused",
        Fate::Cut(..) | Fate::Outvoted(_) | Fate::Bridge | Fate::Limit(_) => "cut",
    }
}
