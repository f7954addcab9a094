//! Which sources send all of their rows each time: by the ids of their files, as months and days have sizes that are alike too.
//!
//! In: the files of the run before in the order in which they came, and the raw tables. Out: the sources whose last two files have most
//! ids in common.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch, StringArray};
use arrow::datatypes::Int64Type;

use super::collect::NewFile;
use super::files;
use crate::engine::session::replace_table;
use crate::error::Result;
use crate::lake::results::FileCounts;
use crate::runner::Run;

const COPIES: &str = include_str!("copies.sql");

/// The last two files of sources, for the query.
const LAST_TWO: &str = "last_two";

/// The files of a source but one, in the order in which they came: by the run, then by name. Those of which no run is known came first.
pub(super) fn by_arrival<'a>(counts: &'a [FileCounts], source: &str, but: Option<&str>) -> Vec<&'a FileCounts> {
    let mut earlier: Vec<&FileCounts> =
        counts.iter().filter(|c| c.source == source && Some(c.file.as_str()) != but).collect();
    earlier.sort_by_key(|c| (c.came, c.file.as_str()));
    earlier
}

/// The last two files of a source that have rows, where both are as large as copies of it are.
fn last_two<'a>(counts: &'a [FileCounts], source: &str) -> Option<[&'a str; 2]> {
    let mut filled = by_arrival(counts, source, None);
    filled.retain(|c| super::rows_of(c) > 0);
    let rows: Vec<u64> = filled.iter().map(|c| super::rows_of(c)).collect();
    match filled.as_slice() {
        [.., one, last] if [one, last].iter().all(|c| files::is_large(super::rows_of(c), &rows)) => {
            Some([one.file.as_str(), last.file.as_str()])
        }
        _ => None,
    }
}

impl Run<'_> {
    /// The sources of new files that send all of their rows each time. The session knows the raw tables.
    pub(super) async fn sources_of_copies(&self, new: &[NewFile], before: &[FileCounts]) -> Result<BTreeSet<String>> {
        let sources: BTreeSet<&str> = new.iter().map(|file| file.source.as_str()).collect();
        let pairs: Vec<(&str, [&str; 2])> =
            sources.into_iter().filter_map(|source| Some((source, last_two(before, source)?))).collect();
        if pairs.is_empty() {
            return Ok(BTreeSet::new());
        }
        let rows = RecordBatch::try_from_iter([
            ("source", Arc::new(StringArray::from_iter_values(pairs.iter().map(|(source, _)| *source))) as ArrayRef),
            ("one", Arc::new(StringArray::from_iter_values(pairs.iter().map(|(_, of)| of[0])))),
            ("last", Arc::new(StringArray::from_iter_values(pairs.iter().map(|(_, of)| of[1])))),
        ])?;
        replace_table(&self.context, LAST_TWO, self.context.read_batch(rows)?)?;
        let mut found = BTreeSet::new();
        for batch in self.here().sql(COPIES).await?.collect().await? {
            let sources = batch.column(0).as_string::<i32>();
            let [ids, same] = [1, 2].map(|c| batch.column(c).as_primitive::<Int64Type>());
            for row in 0..batch.num_rows() {
                if files::are_copies(same.value(row) as u64, ids.value(row) as u64) {
                    found.insert(sources.value(row).to_string());
                }
            }
        }
        self.context.deregister_table(LAST_TWO)?;
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runner::guards::sources::counts;

    #[test]
    fn files_are_in_the_order_in_which_they_came() {
        let check = |files: &[(&str, u64, i64)], expected: Option<[&str; 2]>| {
            assert_eq!(last_two(&counts(files), "shop"), expected, "{files:?}");
        };
        // The folder of a day stands before the files of the first load, and came after them.
        let months = [("orders_1", 300, 1), ("orders_2", 337, 1)];
        check(&months, Some(["orders_1", "orders_2"]));
        check(&[&[("dt=2026-04-01/orders", 120, 2)], &months[..]].concat(), None);
        check(&[("dt=2026-04-01/all", 340, 2), months[0], months[1]], Some(["orders_2", "dt=2026-04-01/all"]));
        // An empty day is no copy; nor is another source's file.
        check(&[("dt=2026-04-01/orders", 0, 2), months[0], months[1]], Some(["orders_1", "orders_2"]));
        assert_eq!(last_two(&counts(&months), "app"), None);
        let names: Vec<String> = by_arrival(&counts(&[("b", 1, 3), ("a", 1, 3), ("z", 1, 0)]), "shop", Some("a"))
            .iter()
            .map(|c| c.file.clone())
            .collect();
        assert_eq!(names, ["z", "b"]);
    }

    #[test]
    fn copies_have_most_ids_in_common() {
        assert!(files::are_copies(2000, 2010) && files::are_copies(80, 100));
        // Months, and days of a small source of whose members many change.
        assert!(!files::are_copies(0, 300) && !files::are_copies(36, 60) && !files::are_copies(0, 0));
    }
}
