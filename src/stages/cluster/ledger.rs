//! The ledger: every decision on a pair with its evidence, so that an auditor can ask for it again.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, ListArray, RecordBatch, StringArray, StructArray};
use arrow::buffer::{OffsetBuffer, ScalarBuffer};
use arrow::datatypes::DataType;

use super::before::{HELD, MATCHED, NO_RULE};
use super::reason::{self, english};
use super::{Decided, Keys, Links};
use crate::config::file::ThresholdsFile;
use crate::error::{Error, Result};
use crate::tables::contract::{COMPARISON_RESULT, LEDGER, Type, item_field, struct_fields};
use nayose_matching::identity::cluster::{Edge, Fate, Tally};
use nayose_matching::identity::people::strongest_against;
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
    (people, fates): (&[u32], &[Fate]),
    scorer: &Scorer,
    decided: &Decided,
    (thresholds, hold): (&ThresholdsFile, f64),
    run_id: &str,
) -> Result<RecordBatch> {
    let model = scorer.model();
    let mut reasons = Reasons {
        keys,
        scorer,
        auto: thresholds.auto,
        people,
        members: members(people, fates),
        known: BTreeMap::new(),
    };
    let mut entries: Vec<Entry> = Vec::new();
    for ((edge, fate), (rule, weight)) in links.edges.iter().zip(fates).zip(links.rules.iter().zip(&links.weights)) {
        let by_person = decided.reason(edge.l, edge.r);
        if edge.person < thresholds.review || by_person.is_some() {
            continue;
        }
        let score = Score { person: edge.person, household: edge.household, weight: *weight };
        let reason = match fate {
            Fate::Linked if edge.person < thresholds.auto => Some(english(reason::HELD, [hold.to_string()])),
            _ => reasons.of(edge, *fate),
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

/// Why links were not made.
struct Reasons<'a> {
    keys: &'a Keys,
    scorer: &'a Scorer,
    auto: f64,
    /// For every row the smallest row of its person.
    people: &'a [u32],
    /// The rows of the people between whom a link was outvoted.
    members: BTreeMap<u32, Vec<u32>>,
    /// The sentences of those that were told already: two people may have many links.
    known: BTreeMap<(u32, u32), String>,
}

/// The rows of the people between whom some link was outvoted.
fn members(people: &[u32], fates: &[Fate]) -> BTreeMap<u32, Vec<u32>> {
    let mut members: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    if fates.iter().any(|fate| matches!(fate, Fate::Outvoted(_))) {
        for (row, person) in people.iter().enumerate() {
            members.entry(*person).or_default().push(row as u32);
        }
    }
    members
}

impl Reasons<'_> {
    fn of(&mut self, edge: &Edge, fate: Fate) -> Option<String> {
        let name = |row: u32| self.keys.name(row);
        match fate {
            Fate::Linked | Fate::Below => None,
            Fate::Cut(l, r) => Some(english(reason::CONTRADICTS, [name(l), name(r)])),
            Fate::Contested(row, rival) => Some(english(reason::CONTESTED, [name(row), name(rival)])),
            Fate::Outvoted(tally) => Some(self.outvoted(edge, &tally)),
            Fate::Bridge => Some(english(reason::BRIDGE, [])),
            Fate::Limit(channel) => {
                Some(english(reason::LIMIT, [self.scorer.packed().channels[channel as usize].clone()]))
            }
        }
    }

    fn outvoted(&mut self, edge: &Edge, tally: &Tally) -> String {
        let (l, r) = (self.people[edge.l as usize], self.people[edge.r as usize]);
        let people = (l.min(r), l.max(r));
        if let Some(sentence) = self.known.get(&people) {
            return sentence.clone();
        }
        let (sum_for, sum_against) = tally.bits();
        let votes = [
            tally.pairs_against.to_string(),
            format!("{sum_against:.1}"),
            tally.pairs_for.to_string(),
            format!("{sum_for:.1}"),
        ];
        let name = |row: u32| self.keys.name(row);
        let groups = self.members.get(&people.0).zip(self.members.get(&people.1)).filter(|_| l != r);
        let strongest = groups.and_then(|(a, b)| Some((a, b, strongest_against(self.scorer, a, b, self.auto)?)));
        let sentence = match strongest {
            Some((a, b, (row, other))) => {
                let [against, bits_against, of_it, bits_for] = votes;
                let groups = [name(people.0), a.len().to_string(), name(people.1), b.len().to_string()];
                let [of_a, records_a, of_b, records_b] = groups;
                let (most_l, most_r) = (name(row), name(other));
                english(
                    reason::OUTVOTED,
                    [of_a, records_a, of_b, records_b, against, bits_against, most_l, most_r, of_it, bits_for],
                )
            }
            None => english(reason::OUTVOTED_BY_ALL, votes),
        };
        self.known.insert(people, sentence.clone());
        sentence
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
