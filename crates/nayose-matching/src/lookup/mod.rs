//! One record asked now: which of the packed records it may be, by the rules and with the probabilities of a run.
//!
//! In: a scorer over the records of a run, and the values of a record by feature. Out: the records that share a block with it, each with
//! the first rule that brings it and its score. A run makes the blocks of all records at once; here the records of a value are found by
//! the value ([`values`]), and those of a key are the records that have all of its values. The record asked is counted nowhere, neither
//! in a frequency nor in the size of a block: the copy of a packed record meets whom that record met, and scores as it did.

mod lists;
mod values;

use std::borrow::Cow;
use std::sync::Arc;

use crate::model::asked::Asked;
use crate::model::keys::{KeyMaker, keys_with_texts, may_be_cut};
use crate::model::score::{Score, Scorer};
use crate::model::{Key, Model, Packed};
use crate::parallel;
use values::Values;

/// The records of a run by their values.
#[derive(Debug)]
pub struct Lookup {
    model: Arc<Model>,
    packed: Arc<Packed>,
    /// By feature.
    values: Vec<Values>,
    /// Records that may share a blocking key; more are split by the rule's refining keys.
    limit: usize,
}

/// A packed record that a record asked may be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate {
    /// Its row.
    pub row: usize,
    /// The first blocking rule that brings it, by its place.
    pub rule: usize,
    /// The probabilities of the two.
    pub score: Score,
}

/// The rows of a key, by a text of each of its parts.
struct Part<'k> {
    key: &'k Key,
    ids: Vec<u32>,
}

impl Lookup {
    /// The records of a scorer. `limit` is how many may share a blocking key.
    pub fn new(scorer: &Scorer, limit: usize) -> Self {
        let (model, packed) = (scorer.model().clone(), scorer.packed().clone());
        let keys = |feature: usize| -> Vec<&Key> {
            let all = model.rules.iter().flat_map(|rule| rule.keys.iter().chain(&rule.refine));
            all.filter(|key| key.feature == feature).collect()
        };
        let features = (0..packed.features.len()).map(keys).collect();
        let values = parallel::map(features, |feature, keys: Vec<&Key>| Values::new(&packed, feature, &keys));
        Lookup { values, limit, model, packed }
    }

    /// A record of a channel that the run knows, by its values by feature, each sorted. `None` where no record is of that channel.
    pub fn asked(&self, channel: &str, features: Vec<Vec<String>>) -> Option<Asked> {
        let channel = self.packed.channels.iter().position(|known| known == channel)?;
        let id = |feature: usize, text: &str| self.values[feature].id(&self.packed.features[feature], text);
        Some(Asked::new(&self.packed, channel as u8, features, id))
    }

    /// The records that a run would compare it with, in order of their rows.
    pub fn candidates(&self, scorer: &Scorer, asked: &Asked) -> Vec<Candidate> {
        let mut found: Vec<(u32, usize)> = Vec::new();
        for (rule, of) in self.model.rules.iter().enumerate() {
            for (key, parts) in self.keys(&of.keys, rule as u64, asked) {
                let rows = self.rows(&of.keys, rule as u64, key, &parts, None);
                if rows.len() <= self.limit {
                    found.extend(rows.into_iter().map(|row| (row, rule)));
                } else if !of.refine.is_empty() {
                    for (refined, parts) in self.keys(&of.refine, key, asked) {
                        let rows = self.rows(&of.refine, key, refined, &parts, Some(&rows));
                        if rows.len() <= self.limit {
                            found.extend(rows.into_iter().map(|row| (row, rule)));
                        }
                    }
                }
            }
        }
        // The first rule owns a pair.
        found.sort_unstable();
        found.dedup_by_key(|(row, _)| *row);
        let scored = found.into_iter().map(|(row, rule)| {
            let row = row as usize;
            Candidate { row, rule, score: scorer.score_asked(asked, row) }
        });
        scored.collect()
    }

    /// Whether a blocking rule makes a key of the record's values. One without a key is compared with nobody.
    pub fn is_comparable(&self, asked: &Asked) -> bool {
        let has_text = |key: &Key| {
            let mut texts = Vec::new();
            asked.texts(key.feature).iter().for_each(|value| key.texts(value, &mut texts));
            !texts.is_empty()
        };
        self.model.rules.iter().any(|rule| rule.keys.iter().all(has_text))
    }

    /// The keys of a record, each with the packed values that have the text of each of its parts. Those of which a part is nobody's are
    /// left out.
    fn keys<'k>(&self, keys: &'k [Key], seed: u64, asked: &Asked) -> Vec<(u64, Vec<Part<'k>>)> {
        let texts: Vec<Vec<Cow<'_, str>>> = keys
            .iter()
            .map(|key| {
                let mut texts = Vec::new();
                asked.texts(key.feature).iter().for_each(|value| key.texts(value, &mut texts));
                texts
            })
            .collect();
        let ids: Vec<Vec<Vec<u32>>> = keys
            .iter()
            .zip(&texts)
            .map(|(key, texts)| {
                let (values, feature) = (&self.values[key.feature], &self.packed.features[key.feature]);
                texts.iter().map(|text| values.ids(feature, key, text)).collect()
            })
            .collect();
        let parts = |places: Vec<usize>| -> Option<Vec<Part<'k>>> {
            let of = |((key, ids), place): ((&'k Key, &Vec<Vec<u32>>), usize)| {
                let ids = &ids[place];
                (!ids.is_empty()).then(|| Part { key, ids: ids.clone() })
            };
            keys.iter().zip(&ids).zip(places).map(of).collect()
        };
        let all = keys_with_texts(keys, seed, &texts).into_iter();
        all.filter_map(|(key, places)| Some((key, parts(places)?))).collect()
    }

    /// The rows that have a key, in order; of `among` only, where that is given.
    fn rows(&self, keys: &[Key], seed: u64, key: u64, parts: &[Part<'_>], among: Option<&[u32]>) -> Vec<u32> {
        let rows_of = |part: &Part<'_>| -> usize {
            part.ids.iter().map(|id| self.values[part.key.feature].rows(*id).len()).sum()
        };
        // The rarest part tells most.
        let rarest = parts.iter().enumerate().min_by_key(|(_, part)| rows_of(part)).map(|(place, _)| place);
        let (mut rows, known) = match (among, rarest) {
            (Some(among), _) => (among.to_vec(), None),
            (None, Some(rarest)) => {
                let part = &parts[rarest];
                let of = |id: &u32| self.values[part.key.feature].rows(*id);
                let mut rows: Vec<u32> = part.ids.iter().flat_map(of).copied().collect();
                if part.ids.len() > 1 {
                    rows.sort_unstable();
                    rows.dedup();
                }
                (rows, Some(rarest))
            }
            (None, None) => return Vec::new(),
        };
        let others = || parts.iter().enumerate().filter(|(place, _)| Some(*place) != known).map(|(_, part)| part);
        let has = |part: &Part<'_>, row: u32| {
            let feature = part.key.feature;
            part.ids.iter().any(|id| self.values[feature].has(&self.packed, feature, row, *id))
        };
        rows.retain(|row| others().all(|part| has(part, *row)) && self.has_key(keys, seed, key, *row));
        rows
    }

    /// Whether a record that has all values of a key has the key: one with very many keys has some of them only.
    fn has_key(&self, keys: &[Key], seed: u64, key: u64, row: u32) -> bool {
        let values = self.packed.row(row as usize);
        let of = |key: &Key| {
            values.ids(key.feature).len() + self.packed.features[key.feature].junk_ids(row as usize).count()
        };
        if !may_be_cut(keys, keys.iter().map(of)) {
            return true;
        }
        let mut maker = KeyMaker::default();
        let made = maker.keys(keys, seed, |feature, into| self.packed.texts(row as usize, feature, into));
        made.binary_search(&key).is_ok()
    }
}

#[cfg(test)]
mod tests;
