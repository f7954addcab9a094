//! Decisions that stewards made in review: the entries of the log `decision` below `desk/`, and what they come to.
//!
//! In: entries in the order in which they were added. Out: [`Decisions`]: what holds on each pair, what waits for a second person, who
//! was unsure, who is asked. An entry is never changed: undoing adds one. A run reads the same entries, and makes lines of them like
//! those of the file of decisions ([`Decisions::lines`]).

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::{Deserialize, Serialize};

use super::desk::{self, Head, Log};
use crate::config::Renames;
use crate::config::decisions::{DESK, Decision, Line, id_of};
use crate::error::Result;
use crate::store::Location;
use crate::tables::sentence::Sentence;

/// Two records, each `channel:record_id`, the smaller one first.
pub(crate) type Pair = [String; 2];

/// What somebody answered on a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Word {
    /// One person.
    Same,
    /// Two people.
    Different,
    /// Somebody else should look.
    Unsure,
}

/// A decision on a pair.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Decided {
    /// Its name.
    pub id: String,
    /// The pair.
    pub pair: Pair,
    /// What was decided.
    pub word: Word,
    /// By whom.
    pub by: String,
    /// When, as a time with its offset.
    pub at: String,
    /// Why.
    pub why: String,
    /// Digest of the values of both records that were shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub values: Option<String>,
    /// The decision that held on the pair, of which whoever decided knew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<String>,
    /// It counts only once a second person confirms it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub second: bool,
}

fn is_false(value: &bool) -> bool {
    !value
}

/// An entry of the log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub(crate) enum Entry {
    /// Somebody decided on a pair, or was unsure.
    Decided(Decided),
    /// A second person confirmed a decision.
    Confirmed {
        /// The decision.
        id: String,
        /// By whom.
        by: String,
        /// When.
        at: String,
    },
    /// A decision was taken back.
    TakenBack {
        /// The decision.
        id: String,
        /// By whom.
        by: String,
        /// When.
        at: String,
    },
    /// Somebody is asked to decide on pairs.
    Assigned {
        /// The pairs.
        pairs: Vec<Pair>,
        /// Who; nobody in particular where it is empty.
        to: String,
        /// By whom.
        by: String,
        /// When.
        at: String,
    },
}

impl Entry {
    /// The answer that it takes back.
    fn taken_back(&self) -> Option<&str> {
        match self {
            Entry::TakenBack { id, .. } => Some(id),
            _ => None,
        }
    }
}

/// A decision with what became of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Standing {
    /// The decision.
    #[serde(flatten)]
    pub decided: Decided,
    /// Its place in the log, from 1.
    pub place: u64,
    /// The second person who confirmed it.
    pub confirmed_by: Option<String>,
}

impl Standing {
    /// Whether a run honours it; `four_eyes` where the pipeline asks for a second person at every decision.
    pub(crate) fn counts(&self, four_eyes: bool) -> bool {
        self.confirmed_by.is_some() || !(four_eyes || self.decided.second)
    }
}

/// What the entries come to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Decisions {
    /// The decisions that are not taken back, in the order in which they were made.
    all: Vec<Standing>,
    /// Pair → the place of its newest in `all`.
    newest: HashMap<Pair, usize>,
    /// Pair → who was unsure since it was decided on last.
    unsure: HashMap<Pair, Vec<String>>,
    assigned: HashMap<Pair, String>,
    /// Person → their last answer that is not taken back, with its pair.
    last: HashMap<String, (String, Pair)>,
    /// The number of the last entry.
    pub end: u64,
    /// Day and person → answers, those taken back left out.
    pub answers: BTreeMap<(String, String), u64>,
}

/// Reads the log: what its entries come to, and its end.
///
/// # Errors
/// Environment, if it cannot be read; data, if it is damaged.
pub(crate) async fn read(lake: &Location, renames: &Renames) -> Result<(Decisions, Head)> {
    let lines = desk::read(lake, Log::Decision).await?;
    let end = lines.last().map(|last| Head { number: last.number, link: last.link() }).unwrap_or_default();
    let mut entries = Vec::new();
    for line in &lines {
        // Of an erased entry the place stays.
        entries.extend(line.content::<Entry>()?.map(|entry| (line.number, entry)));
    }
    Ok((Decisions::of(&entries, end.number, renames), end))
}

impl Decisions {
    /// What entries come to. Records of renamed channels are those of today.
    /// Each entry comes with its number; `end` is that of the last one, erased or not.
    pub(crate) fn of(entries: &[(u64, Entry)], end: u64, renames: &Renames) -> Self {
        let gone: HashSet<&str> = entries.iter().filter_map(|(_, entry)| entry.taken_back()).collect();
        let today = |pair: &Pair| pair_of(pair.each_ref().map(|record| renames.record_today(record)));
        let mut found = Decisions { end, ..Decisions::default() };
        for (place, entry) in entries {
            match entry {
                Entry::Decided(decided) if gone.contains(&decided.id[..]) => {}
                Entry::Decided(decided) => found.add(*place, Decided { pair: today(&decided.pair), ..decided.clone() }),
                Entry::Confirmed { id, by, .. } => {
                    // Nobody is a second person to themselves, whatever stands in the log.
                    let of_another = found.all.iter_mut().find(|s| s.decided.id == *id && s.decided.by != *by);
                    if let Some(standing) = of_another {
                        standing.confirmed_by.get_or_insert_with(|| by.clone());
                    }
                }
                Entry::TakenBack { .. } => {}
                Entry::Assigned { pairs, to, .. } => {
                    for pair in pairs.iter().map(today) {
                        match to.is_empty() {
                            true => found.assigned.remove(&pair),
                            false => found.assigned.insert(pair, to.clone()),
                        };
                    }
                }
            }
        }
        found.newest = found.all.iter().enumerate().map(|(i, s)| (s.decided.pair.clone(), i)).collect();
        found
    }

    fn add(&mut self, place: u64, decided: Decided) {
        *self.answers.entry((day(&decided.at), decided.by.clone())).or_default() += 1;
        self.last.insert(decided.by.clone(), (decided.id.clone(), decided.pair.clone()));
        if decided.word == Word::Unsure {
            self.unsure.entry(decided.pair).or_default().push(decided.by);
        } else {
            self.unsure.remove(&decided.pair);
            self.all.push(Standing { decided, place, confirmed_by: None });
        }
    }

    /// The newest decision on a pair.
    pub(crate) fn on(&self, pair: &Pair) -> Option<&Standing> {
        self.newest.get(pair).map(|place| &self.all[*place])
    }

    /// A decision by its name.
    pub(crate) fn named(&self, id: &str) -> Option<&Standing> {
        self.all.iter().find(|standing| standing.decided.id == id)
    }

    /// The newest decision of every pair, in the order in which they were made.
    pub(crate) fn newest(&self) -> impl Iterator<Item = &Standing> + '_ {
        let is_newest = |(i, s): &(usize, &Standing)| self.newest.get(&s.decided.pair) == Some(i);
        self.all.iter().enumerate().filter(is_newest).map(|(_, standing)| standing)
    }

    /// The last answer of somebody that can be taken back: its name and its pair.
    pub(crate) fn last_by(&self, by: &str) -> Option<&(String, Pair)> {
        self.last.get(by)
    }

    /// Who was unsure of a pair.
    pub(crate) fn unsure(&self, pair: &Pair) -> &[String] {
        self.unsure.get(pair).map_or(&[], Vec::as_slice)
    }

    /// Whether somebody was unsure of a pair on which nobody decided since.
    pub(crate) fn has_unsure(&self, who: &str) -> bool {
        self.unsure.values().flatten().any(|by| by == who)
    }

    /// Who is asked to decide on a pair.
    pub(crate) fn assigned(&self, pair: &Pair) -> Option<&str> {
        self.assigned.get(pair).map(String::as_str)
    }

    /// Everybody to whom a pair is assigned.
    pub(crate) fn asked(&self) -> std::collections::BTreeSet<&str> {
        self.assigned.values().map(String::as_str).collect()
    }

    /// The decisions that a run honours, as lines beside those of the file.
    pub(crate) fn lines(&self, four_eyes: bool) -> Vec<Line> {
        self.lines_of(self.all.iter().filter(|standing| standing.counts(four_eyes)))
    }

    /// The same, had these been made as well and confirmed.
    pub(crate) fn lines_with(&self, made: &[Decided]) -> Vec<Line> {
        let of_made = |(decided, place): (&Decided, u64)| {
            let word = decided.word != Word::Unsure;
            word.then(|| Standing { decided: decided.clone(), place, confirmed_by: None })
        };
        let made: Vec<Standing> = made.iter().zip(self.end + 1..).filter_map(of_made).collect();
        self.lines_of(self.all.iter().chain(&made))
    }

    fn lines_of<'a>(&self, all: impl Iterator<Item = &'a Standing>) -> Vec<Line> {
        let mut before: HashMap<&Pair, &str> = HashMap::new();
        let mut lines = Vec::new();
        let own: HashSet<&str> = self.all.iter().map(|standing| standing.decided.id.as_str()).collect();
        for standing in all {
            let Decided { id, pair, word, by, at, why, values, replaces, .. } = &standing.decided;
            let of_desk = before.insert(pair, id).map(str::to_string);
            // What it replaced may have waited for a second person and never counted.
            let of_file = replaces.clone().filter(|named| !own.contains(named.as_str()));
            let [Some(left), Some(right)] = pair.each_ref().map(|record| record.split_once(':')) else { continue };
            let record = |(channel, id): (&str, &str)| (channel.to_string(), id.to_string());
            lines.push(Line {
                id: id.clone(),
                decision: Decision {
                    line: standing.place,
                    left: record(left),
                    right: record(right),
                    same: *word == Word::Same,
                    by: by.clone(),
                    at: at.clone(),
                    why: match &standing.confirmed_by {
                        Some(second) => format!("{why}{CONFIRMED}{second})"),
                        None => why.clone(),
                    },
                    expires: None,
                },
                undecided: false,
                replaces: of_desk.or(of_file),
                desk: true,
                values: values.clone(),
            });
        }
        lines
    }
}

/// The usual reasons, in English as entries have them, and in Japanese.
pub(crate) const REASONS: [Sentence; 6] = [
    ["the values agree", "値が一致している"],
    ["moved, married or renamed", "転居・結婚・改姓"],
    ["confirmed with the customer", "本人に確認した"],
    ["two people, maybe of one household", "別人（同居の家族など）"],
    ["a shared phone, mail or address", "電話・メール・住所の共用"],
    ["not enough to tell", "判断材料が足りない"],
];

/// A reason as it is written: a usual one, free words, or both.
pub(crate) fn reason(usual: &str, free: &str) -> String {
    match (usual, free) {
        (only, "") | ("", only) => only.to_string(),
        (usual, free) => format!("{usual}: {free}"),
    }
}

/// A written reason in Japanese: what is of us in it. Words of people stay as they are.
pub(crate) fn reason_in_japanese(why: &str) -> String {
    let confirmed = why.strip_suffix(')').and_then(|why| why.rsplit_once(CONFIRMED));
    let (own, second) = confirmed.map_or((why, String::new()), |(own, by)| (own, format!("（{by} が承認）")));
    let usual = REASONS.iter().find_map(|[en, ja]| match own.strip_prefix(en)? {
        "" => Some((*ja).to_string()),
        free => Some(format!("{ja}：{}", free.strip_prefix(": ")?)),
    });
    usual.unwrap_or_else(|| own.to_string()) + &second
}

/// Stands between a reason and who confirmed it, in the lines of a run.
const CONFIRMED: &str = " (confirmed by ";

/// Two records as a pair.
pub(crate) fn pair_of(mut records: [String; 2]) -> Pair {
    records.sort();
    records
}

/// Channel and id of both records.
pub(crate) fn halves(pair: &Pair) -> [(String, String); 2] {
    pair.each_ref().map(|record| {
        let (channel, id) = record.split_once(':').unwrap_or((record, ""));
        (channel.to_string(), id.to_string())
    })
}

/// The name of a decision, by everything that tells it from others; `place` is its own in the log.
pub(crate) fn name_of(pair: &Pair, by: &str, at: &str, word: Word, place: u64) -> String {
    id_of(&format!("{DESK}\n{place}\n{}\n{}\n{by}\n{at}\n{word:?}", pair[0], pair[1]))
}

/// The day of a time as it is written.
pub(crate) fn day(at: &str) -> String {
    at.get(..10).unwrap_or(at).to_string()
}

#[cfg(test)]
#[path = "decision_log_test.rs"]
mod tests;
