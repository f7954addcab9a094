//! The ledger: every decision on a pair with its evidence, so that an auditor can ask for it again.
//!
//! In: the links with their fates, the decisions of people. Out: the rows, made in pieces. What two people are to each other as
//! groups is asked once for two people, and only where a link between them was outvoted.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, ListArray, RecordBatch, StringArray, StructArray};
use arrow::buffer::{OffsetBuffer, ScalarBuffer};
use arrow::datatypes::DataType;
use foldhash::fast::FixedState;

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
use nayose_matching::parallel;

/// The decisions on all links from the review threshold up, and on all pairs on which a person decided.
pub(super) struct Ledger {
    keys: Arc<Keys>,
    links: Arc<Links>,
    fates: Vec<Fate>,
    scorer: Arc<Scorer>,
    /// For every row the smallest row of its person.
    people: Arc<Vec<u32>>,
    /// The pairs on which a person decided, with the reason.
    decided: Vec<((u32, u32), String)>,
    refusals: Vec<Refusal>,
    auto: f64,
    hold: f64,
    run_id: String,
    /// The rows in order, each the place of a link; the places after those of all links are the pairs of `decided`.
    rows: Vec<u32>,
}

/// A row of the ledger.
struct Entry<'a> {
    l: u32,
    r: u32,
    decision: &'static str,
    score: Score,
    rule: &'a str,
    reason: Option<String>,
}

impl Ledger {
    /// The ledger of a run. `people` has for every row the smallest row of its person; `hold` is from where on a link of the run before
    /// holds.
    pub(super) fn new(
        (keys, links, scorer): (Arc<Keys>, Arc<Links>, Arc<Scorer>),
        (people, fates): (Arc<Vec<u32>>, Vec<Fate>),
        decided: Decided,
        (thresholds, hold): (&ThresholdsFile, f64),
        run_id: &str,
    ) -> Self {
        let auto = thresholds.auto;
        let edges = (0u32..).zip(&links.edges);
        let told = edges.filter(|(_, e)| e.person >= thresholds.review && decided.reason(e.l, e.r).is_none());
        let mut rows: Vec<u32> = told.map(|(place, _)| place).collect();
        let refusals = refusals(&scorer, &people, outvoted(&rows, &links.edges, &people, &fates), auto);
        let decided: Vec<((u32, u32), String)> = decided.rows.into_iter().collect();
        let all = links.edges.len();
        rows.extend((all..all + decided.len()).map(|place| place as u32));
        let pair = |place: &u32| match links.edges.get(*place as usize) {
            Some(edge) => (edge.l, edge.r),
            None => decided[*place as usize - all].0,
        };
        // Links come in order: what is in order already is found and merged.
        rows.sort_by_key(pair);
        Ledger { keys, links, fates, scorer, people, decided, refusals, auto, hold, run_id: run_id.to_string(), rows }
    }

    /// Number of rows.
    pub(super) fn rows(&self) -> usize {
        self.rows.len()
    }

    /// Some of the rows.
    pub(super) fn batch(&self, rows: Range<usize>) -> Result<RecordBatch> {
        let entries: Vec<Entry> = self.rows[rows].iter().map(|place| self.entry(*place as usize)).collect();
        let reasons: StringArray = entries.iter().map(|e| e.reason.as_deref()).collect();
        let keys = &self.keys;
        Ok(RecordBatch::try_new(
            LEDGER.schema(),
            vec![
                text(entries.iter().map(|e| keys.channel(e.l))),
                text(entries.iter().map(|e| keys.record_id(e.l))),
                text(entries.iter().map(|e| keys.channel(e.r))),
                text(entries.iter().map(|e| keys.record_id(e.r))),
                text(entries.iter().map(|e| e.decision)),
                number(entries.iter().map(|e| e.score.weight)),
                number(entries.iter().map(|e| e.score.person)),
                number(entries.iter().map(|e| e.score.household)),
                text(entries.iter().map(|e| e.rule)),
                Arc::new(comparisons(&self.scorer, &entries)?),
                Arc::new(reasons),
                text(entries.iter().map(|_| self.run_id.as_str())),
            ],
        )?)
    }

    fn entry(&self, place: usize) -> Entry<'_> {
        let Some(edge) = self.links.edges.get(place) else {
            let ((l, r), reason) = &self.decided[place - self.links.edges.len()];
            let score = self.scorer.score(*l as usize, *r as usize);
            let reason = Some(reason.clone());
            return Entry { l: *l, r: *r, decision: "overridden", score, rule: "decision", reason };
        };
        let (fate, rule) = (self.fates[place], self.links.rules[place]);
        let score = Score { person: edge.person, household: edge.household, weight: self.links.weights[place] };
        let rule: &str = if rule == NO_RULE { HELD } else { &self.scorer.model().rules[rule as usize].name };
        let reason = self.reason(edge, fate);
        Entry { l: edge.l, r: edge.r, decision: decision(edge.l, edge.r, fate), score, rule, reason }
    }

    /// Why a link was not made, or why it was though it is below the threshold.
    fn reason(&self, edge: &Edge, fate: Fate) -> Option<String> {
        let name = |row: u32| self.keys.name(row);
        match fate {
            Fate::Linked if edge.person < self.auto => Some(english(reason::HELD, [self.hold.to_string()])),
            Fate::Linked | Fate::Below => None,
            Fate::Cut(l, r) => Some(english(reason::CONTRADICTS, [name(l), name(r)])),
            Fate::Contested(row, rival) => Some(english(reason::CONTESTED, [name(row), name(rival)])),
            Fate::Outvoted(_) => {
                let people = two_people(edge, &self.people);
                let place = self.refusals.binary_search_by_key(&people, |refusal| refusal.people).ok()?;
                Some(self.refusals[place].sentence(&self.keys))
            }
            Fate::Bridge => Some(english(reason::BRIDGE, [])),
            Fate::Limit(channel) => {
                Some(english(reason::LIMIT, [self.scorer.packed().channels[channel as usize].clone()]))
            }
        }
    }
}

fn text<'a>(values: impl Iterator<Item = &'a str>) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(values))
}

fn number(values: impl Iterator<Item = f64>) -> ArrayRef {
    Arc::new(Float64Array::from_iter_values(values))
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

/// Two people whose groups a thread looks at at once: up to 4,096 pairs each, a millisecond.
const REFUSALS_AT_ONCE: usize = 64;

/// Two people, the one with the smaller row first.
type People = (u32, u32);

/// The people between whom these links were outvoted, with the votes of the first link of each two.
fn outvoted(links: &[u32], edges: &[Edge], people: &[u32], fates: &[Fate]) -> BTreeMap<People, Tally> {
    let mut found = BTreeMap::new();
    for place in links {
        if let Fate::Outvoted(tally) = fates[*place as usize] {
            found.entry(two_people(&edges[*place as usize], people)).or_insert(tally);
        }
    }
    found
}

fn two_people(edge: &Edge, people: &[u32]) -> People {
    let (l, r) = (people[edge.l as usize], people[edge.r as usize]);
    (l.min(r), l.max(r))
}

/// What two people are to each other between whom a link was outvoted.
struct Refusal {
    people: People,
    tally: Tally,
    /// How many records both have, and of the pairs between them that vote against one person the strongest.
    strongest: Option<([usize; 2], (u32, u32))>,
}

/// What those are to each other between whom links were outvoted, in order of the two. Groups are looked at nowhere else.
fn refusals(scorer: &Scorer, people: &[u32], outvoted: BTreeMap<People, Tally>, auto: f64) -> Vec<Refusal> {
    let mut members: HashMap<u32, Vec<u32>, FixedState> = HashMap::default();
    for person in outvoted.keys().flat_map(|(a, b)| [*a, *b]) {
        members.entry(person).or_default();
    }
    if members.is_empty() {
        return Vec::new();
    }
    for (row, person) in (0u32..).zip(people) {
        if let Some(members) = members.get_mut(person) {
            members.push(row);
        }
    }
    let outvoted: Vec<(People, Tally)> = outvoted.into_iter().collect();
    let found = parallel::map(outvoted.chunks(REFUSALS_AT_ONCE).collect(), |_, part: &[(People, Tally)]| {
        let refusal = |(people, tally): &(People, Tally)| {
            let (a, b) = (&members[&people.0], &members[&people.1]);
            let strongest = if people.0 == people.1 { None } else { strongest_against(scorer, a, b, auto) };
            Refusal { people: *people, tally: *tally, strongest: strongest.map(|pair| ([a.len(), b.len()], pair)) }
        };
        part.iter().map(refusal).collect::<Vec<_>>()
    });
    found.into_iter().flatten().collect()
}

impl Refusal {
    fn sentence(&self, keys: &Keys) -> String {
        let Refusal { people, tally, strongest } = self;
        let (sum_for, sum_against) = tally.bits();
        let [against, bits_against] = [tally.pairs_against.to_string(), format!("{sum_against:.1}")];
        let [of_it, bits_for] = [tally.pairs_for.to_string(), format!("{sum_for:.1}")];
        let Some((records, (row, other))) = strongest else {
            return english(reason::OUTVOTED_BY_ALL, [against, bits_against, of_it, bits_for]);
        };
        let [records_a, records_b] = records.map(|n| n.to_string());
        let [of_a, of_b, most_l, most_r] = [people.0, people.1, *row, *other].map(|row| keys.name(row));
        english(
            reason::OUTVOTED,
            [of_a, records_a, of_b, records_b, against, bits_against, most_l, most_r, of_it, bits_for],
        )
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
