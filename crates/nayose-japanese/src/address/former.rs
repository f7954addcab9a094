//! Towns of the past.
//!
//! In: the lines of a municipality with former names (tools/dictionary/address.py documents them). Out: towns that are
//! found by them. A name that one town of today has followed is another name of it; a town that was divided keeps a code
//! of its own, with the towns of today and their shares. Why in the table of the towns: a former name then costs no
//! second lookup.

use super::dictionary::Town;
use super::fold;
use super::{Alternative, Renamed};
use std::collections::HashMap;

/// What a former town is today.
pub(super) struct Former {
    pub(super) name: &'static str,
    /// The month of the first list without it.
    since: &'static str,
    /// Its one town of today, by its index in the municipality.
    pub(super) today: Option<u16>,
    /// Its towns of today, with their shares.
    several: Vec<(u16, f32)>,
}

/// The source of all former names of towns.
const POSTAL_LIST: &str = "Japan Post, list of postal codes";
/// The source of former municipalities, `data/address_old_names.tsv`.
pub(super) const MERGERS: &str = "MIC, list of municipal mergers";

/// Whether a line of the dictionary is of a former town.
pub(super) fn is_line(line: &str) -> bool {
    line.contains("\t>\t")
}

/// Adds the towns of `lines` to the list and the names of a municipality. A former name that is also one of today says
/// what it was.
pub(super) fn add(
    lines: impl Iterator<Item = &'static str>,
    code: &str,
    list: &mut Vec<Town>,
    names: &mut Vec<(Vec<char>, u16)>,
) {
    let mut lines = lines.peekable();
    if lines.peek().is_none() {
        return;
    }
    let by_name: HashMap<Vec<char>, u16> = names.iter().cloned().collect();
    for line in lines {
        let mut fields = line.split('\t');
        let mut field = || fields.next().unwrap_or_default();
        let (name, _, since, today) = (field(), field(), field(), field());
        let towns: Vec<(u16, f32)> = today
            .split(',')
            .filter_map(|town| {
                let (town, share) = town.split_once('=').unwrap_or((town, "1"));
                Some((*by_name.get(&fold::key(town))?, share.parse().ok()?))
            })
            .collect();
        let key = fold::key(name);
        let (Some(&(first, share)), present) = (towns.first(), by_name.get(&key)) else { continue };
        let sole = towns.len() == 1 && share >= 1.0;
        let former = |several| Former { name, since, today: sole.then_some(first), several };
        match present {
            Some(_) if sole => {}
            Some(&i) => list[i as usize].former = Some(Box::new(former(towns))),
            None => {
                names.push((key.clone(), list.len() as u16));
                list.push(if sole {
                    list[first as usize].under_former_name(former(Vec::new()))
                } else {
                    let own = code.chars().chain([':']).chain(key).collect::<String>();
                    Town::past(own.into(), former(towns))
                });
            }
        }
    }
}

impl Former {
    /// What an address says about it.
    pub(super) fn renamed(&self) -> Renamed {
        Renamed { from: self.name.to_owned(), since: Some(self.since), source: POSTAL_LIST }
    }

    /// The towns of today.
    pub(super) fn alternatives<'a>(&'a self, list: &'a [Town]) -> impl Iterator<Item = Alternative> + 'a {
        self.several.iter().map(|&(i, confidence)| {
            let town = &list[i as usize];
            Alternative { town_code: town.code.to_string(), town: town.canonical().to_owned(), confidence }
        })
    }
}
