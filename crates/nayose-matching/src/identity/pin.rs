//! Sets of rows as they were: where somebody is erased, everybody else stays who they were.
//!
//! In: the sets that the evidence forms, the ids of the run before. Out: sets in which rows that had one id are together, and with
//! nobody who had another. A row without an id goes where the evidence puts most of it.

use std::collections::BTreeMap;

use super::carry::{Before, NO_ID};

/// The smallest row of each row's set. `labels` are the sets by the evidence; rows of one set of `within` stay together.
pub fn pinned(labels: &[u32], before: &Before, within: &[u32]) -> Vec<u32> {
    let known = |row: usize| before.of_row.get(row).copied().filter(|place| *place != NO_ID);
    let mut of_part: BTreeMap<u32, u32> = BTreeMap::new();
    let mut votes: BTreeMap<u32, BTreeMap<u32, u32>> = BTreeMap::new();
    for (row, (label, part)) in labels.iter().zip(within).enumerate() {
        if let Some(place) = known(row) {
            of_part.entry(*part).or_insert(place);
            *votes.entry(*label).or_default().entry(place).or_default() += 1;
        }
    }
    // Of two that are as many, the one that was there first.
    let most = |places: &BTreeMap<u32, u32>| {
        let most = places.iter().max_by_key(|(place, n)| (**n, std::cmp::Reverse(**place)));
        most.map(|(place, _)| *place)
    };
    let of_label: BTreeMap<u32, u32> =
        votes.iter().filter_map(|(label, places)| Some((*label, most(places)?))).collect();
    // An id of before, or a set of rows that are all new.
    let set_of = |row: usize| {
        let place = known(row).or_else(|| of_part.get(&within[row]).copied());
        place.or_else(|| of_label.get(&labels[row]).copied()).ok_or(labels[row])
    };
    let mut first: BTreeMap<Result<u32, u32>, u32> = BTreeMap::new();
    (0..labels.len()).map(|row| *first.entry(set_of(row)).or_insert(row as u32)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(labels: &[u32], then: &[u32], expected: &[u32]) {
        let before = Before { issued: Vec::new(), former: Vec::new(), of_row: then.to_vec() };
        let each: Vec<u32> = (0..labels.len() as u32).collect();
        assert_eq!(pinned(labels, &before, &each), expected);
    }

    #[test]
    fn who_had_an_id_stays_with_those_who_had_it() {
        const NEW: u32 = NO_ID;
        // The evidence joins two, and divides one.
        check(&[0, 0, 0, 0], &[7, 7, 9, 9], &[0, 0, 2, 2]);
        check(&[0, 1, 0], &[7, 7, 9], &[0, 0, 2]);
        // New rows go with most of those that the evidence puts them with, or are a set of their own.
        check(&[0, 0, 0, 0], &[9, 7, 7, NEW], &[0, 1, 1, 1]);
        check(&[0, 1, 1, 3], &[7, NEW, NEW, NEW], &[0, 1, 1, 3]);
    }

    #[test]
    fn a_person_stays_in_one_household() {
        let before = Before { issued: Vec::new(), former: Vec::new(), of_row: vec![7, NO_ID, 9] };
        assert_eq!(pinned(&[0, 1, 1], &before, &[0, 0, 2]), [0, 0, 2]);
    }
}
