//! What a customer base's own records teach: records that carry both kanji and kana show how
//! their people read their names. Plain counts, gathered once, merged, and handed to
//! [`readings`](super::readings::readings) and [`normalize_with`](super::normalize_with).

use super::dictionary::Part;
use std::collections::HashMap;

/// Counts of (part, part key, kana key). Merging is adding, so gathering it can be split.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ReadingModel {
    family: HashMap<String, Vec<(String, u32)>>,
    given: HashMap<String, Vec<(String, u32)>>,
}

impl ReadingModel {
    /// Counts one record's part: its [`part_key`](super::part_key) and the kana key beside it.
    pub fn add(&mut self, part: Part, key: &str, kana_key: &str, count: u32) {
        if key.is_empty() || kana_key.is_empty() || key == kana_key {
            return;
        }
        let rows = self.table_mut(part).entry(key.to_owned()).or_default();
        match rows.iter_mut().find(|r| r.0 == kana_key) {
            Some(row) => row.1 = row.1.saturating_add(count),
            None => rows.push((kana_key.to_owned(), count)),
        }
    }

    /// Adds what another has counted.
    pub fn merge(&mut self, other: &ReadingModel) {
        for (part, key, kana, count) in other.rows() {
            self.add(part, &key, &kana, count);
        }
    }

    /// The counts of one part key.
    pub fn of(&self, part: Part, key: &str) -> Option<&[(String, u32)]> {
        self.table(part).get(key).map(Vec::as_slice)
    }

    /// Every count in order: what a stage writes as a table.
    pub fn rows(&self) -> Vec<(Part, String, String, u32)> {
        let mut out = Vec::new();
        for part in [Part::Family, Part::Given] {
            for (key, rows) in self.table(part) {
                out.extend(rows.iter().map(|(kana, n)| (part, key.clone(), kana.clone(), *n)));
            }
        }
        out.sort_by(|a, b| (a.0 == Part::Given, &a.1, &a.2).cmp(&(b.0 == Part::Given, &b.1, &b.2)));
        out
    }

    fn table(&self, part: Part) -> &HashMap<String, Vec<(String, u32)>> {
        match part {
            Part::Family => &self.family,
            Part::Given => &self.given,
        }
    }

    fn table_mut(&mut self, part: Part) -> &mut HashMap<String, Vec<(String, u32)>> {
        match part {
            Part::Family => &mut self.family,
            Part::Given => &mut self.given,
        }
    }
}
