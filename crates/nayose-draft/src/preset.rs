//! Presets: the documented columns of known exports, matched by the words of a header.
//!
//! A preset is a file in `data/presets`: directives that begin with `@`, and a line for each column with its name and
//! meaning. Shops choose columns and their order, so that a part of a preset is enough, if it has the columns that no
//! other export has.

use std::collections::HashMap;
use std::sync::OnceLock;

use crate::meaning::Meaning;
use crate::preset_files::FILES;
use crate::words::{data_lines, folded};

/// A known export.
#[derive(Debug)]
pub(crate) struct Preset {
    /// Its name: `shopify.orders`.
    pub(crate) name: &'static str,
    /// Its name for people.
    pub(crate) title: &'static str,
    /// The channel that a draft gives it.
    pub(crate) channel: &'static str,
    /// The kind of its events.
    pub(crate) event_type: Option<&'static str>,
    /// The table of what events name that it is.
    pub(crate) table: Option<&'static str>,
    /// The time zone of times without one, where it is documented.
    pub(crate) time_zone: Option<&'static str>,
    /// Whether columns of the order stand on its first line only.
    pub(crate) fill_down: bool,
    /// What a reader has to know, as a sentence.
    pub(crate) notes: Vec<&'static str>,
    /// What values mean by documentation: kind, value, meaning.
    pub(crate) values: Vec<(&'static str, &'static str, &'static str)>,
    /// What words of what happened mean by documentation: column, word, category.
    pub(crate) words: Vec<(&'static str, &'static str, &'static str)>,
    /// Groups of names of which one must be there.
    needs: Vec<Vec<String>>,
    /// Names in order, folded, with meanings.
    columns: Vec<(String, Meaning)>,
}

static PRESETS: OnceLock<Vec<Preset>> = OnceLock::new();

fn presets() -> &'static [Preset] {
    PRESETS.get_or_init(|| FILES.iter().map(|(name, data)| read(name, data)).collect())
}

fn read(name: &'static str, data: &'static str) -> Preset {
    let mut preset = Preset {
        name,
        title: name,
        channel: name.split('.').next().unwrap_or(name),
        event_type: None,
        table: None,
        time_zone: None,
        fill_down: false,
        notes: Vec::new(),
        values: Vec::new(),
        words: Vec::new(),
        needs: Vec::new(),
        columns: Vec::new(),
    };
    for line in data_lines(data) {
        match line.strip_prefix('@').map(|rest| rest.split_once('\t').unwrap_or((rest, ""))) {
            Some(("title", text)) => preset.title = text,
            Some(("channel", text)) => preset.channel = text,
            Some(("event_type", text)) => preset.event_type = Some(text),
            Some(("table", text)) => preset.table = Some(text),
            Some(("time_zone", text)) => preset.time_zone = Some(text),
            Some(("fill_down", _)) => preset.fill_down = true,
            Some(("note", text)) => preset.notes.push(text),
            Some(("needs", text)) => preset.needs.push(text.split('|').map(flat).collect()),
            Some(("word", text)) => {
                if let [column, word, meaning] = text.split('\t').collect::<Vec<_>>()[..] {
                    preset.words.push((column, word, meaning));
                }
            }
            Some(("value", text)) => {
                if let [kind, value, meaning] = text.split('\t').collect::<Vec<_>>()[..] {
                    preset.values.push((kind, value, meaning));
                }
            }
            Some(_) => {}
            None => {
                if let Some((column, meaning)) = line.split_once('\t')
                    && let Some(meaning) = Meaning::parse(meaning)
                {
                    preset.columns.push((flat(column), meaning));
                }
            }
        }
    }
    preset
}

/// A name as presets compare it: what lies in an object is `geo.city` in JSON and `geo_city` in a flat file.
pub(crate) fn flat(name: &str) -> String {
    folded(name).replace('.', "_")
}

/// Share of a file's columns that a preset must know: shops add some of their own.
const KNOWN: f64 = 0.7;
/// Columns that must be known at least.
const FEWEST: usize = 4;

/// A preset that fits, and the meaning of each column that it knows.
pub(crate) struct Match {
    pub(crate) preset: &'static Preset,
    pub(crate) meanings: Vec<Option<Meaning>>,
}

/// The preset that knows most of these columns, if one does.
pub(crate) fn find(columns: &[String]) -> Option<Match> {
    let names: Vec<String> = columns.iter().map(|name| flat(name)).collect();
    let filled = names.iter().filter(|name| !name.is_empty()).count();
    let mut best: Option<(usize, usize, Match)> = None;
    for preset in presets() {
        if !preset.needs.iter().all(|any| any.iter().any(|name| names.contains(name))) {
            continue;
        }
        let meanings = preset.meanings(&names);
        let known = meanings.iter().flatten().count();
        if known < FEWEST.min(preset.columns.len()) || (known as f64) < KNOWN * filled as f64 {
            continue;
        }
        // Of two presets that know as many columns, the shorter one has fewer that are missing.
        let missing = preset.columns.len().saturating_sub(known);
        if best.as_ref().is_none_or(|(most, fewest, _)| known > *most || (known == *most && missing < *fewest)) {
            best = Some((known, missing, Match { preset, meanings }));
        }
    }
    best.map(|(_, _, found)| found)
}

impl Preset {
    /// The meanings of columns; of a name that stands twice (送料), the first is the first.
    fn meanings(&self, names: &[String]) -> Vec<Option<Meaning>> {
        let mut places: HashMap<&str, Vec<Meaning>> = HashMap::new();
        self.columns.iter().for_each(|(name, meaning)| places.entry(name).or_default().push(*meaning));
        let mut seen: HashMap<&str, usize> = HashMap::new();
        names
            .iter()
            .map(|name| {
                let nth = seen.entry(name).or_default();
                *nth += 1;
                let meanings = places.get(name.as_str())?;
                meanings.get(*nth - 1).or(meanings.last()).copied()
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every line has a meaning, every file a source, every column that is needed is there.
    #[test]
    fn presets_are_whole() {
        for (name, data) in FILES {
            for line in data_lines(data).filter(|line| !line.starts_with('@')) {
                let meaning = line.split_once('\t').and_then(|(_, meaning)| Meaning::parse(meaning));
                assert!(meaning.is_some(), "{name}: {line}");
            }
            assert!(data.contains("@source\t") && data.contains("@title\t") && data.contains("@needs\t"), "{name}");
            let preset = read(name, data);
            let names: Vec<&String> = preset.columns.iter().map(|(name, _)| name).collect();
            for needed in preset.needs.iter().flatten() {
                assert!(names.contains(&needed), "{name}: {needed}");
            }
            for (column, _, _) in &preset.words {
                assert!(names.contains(&&flat(column)), "{name}: {column}");
            }
            for (kind, _, _) in preset.values {
                assert!(crate::meaning::Kind::parse(kind).is_some(), "{name}: {kind}");
            }
        }
    }

    /// The header of each preset is found as that preset.
    #[test]
    fn every_preset_finds_itself() {
        for preset in presets() {
            let header: Vec<String> = preset.columns.iter().map(|(name, _)| name.clone()).collect();
            assert_eq!(find(&header).map(|m| m.preset.name), Some(preset.name));
        }
    }
}
