//! How many rows a table will probably have: what a bar of progress needs for its length and the time that is left.
//!
//! In: the run before, what this run has done so far. Out: a guess; nothing depends on it but what a terminal shows.

use super::Run;
use crate::config::Rows;
use crate::lake::manifest::{Input, Output};
use crate::tables::contract::{
    BLOCK, CANDIDATE_PAIR, GOLDEN_RECORD, ID_EVENT, ID_MAP, IDENTITY, INTERACTION, RAW_EVENT, RAW_RECORD,
    RAW_REFERENCE, STANDARD_RECORD, Table,
};

/// Bytes of a row of a file, where nothing was ever read: the sample's orders have 80, its members 130.
const ROW_BYTES: u64 = 100;

impl Run<'_> {
    /// The rows that a table will probably have.
    pub(super) fn expected(&self, table: &Table) -> u64 {
        if [RAW_RECORD.name, RAW_EVENT.name, RAW_REFERENCE.name].contains(&table.name) {
            return self.rows_to_read(table);
        }
        let of_before = self.before.as_ref().and_then(|run| run.tables.iter().find(|t| t.0 == table.name));
        let rows_before = self.work_before.as_ref().and_then(|work| work.output(table.name)).map(Output::rows);
        rows_before.or(of_before.map(|(_, _, rows)| *rows)).unwrap_or_else(|| self.of_earlier_stages(table))
    }

    /// A first run has only what its earlier stages made.
    fn of_earlier_stages(&self, table: &Table) -> u64 {
        let rows = |table: &Table| self.manifest.output(table.name).map_or(0, Output::rows);
        let rules = self.pipeline.model.rules.len() as u64;
        match table.name {
            name if name == STANDARD_RECORD.name => rows(&RAW_RECORD),
            name if name == BLOCK.name => rows(&STANDARD_RECORD) * rules,
            name if name == CANDIDATE_PAIR.name => rows(&BLOCK),
            name if [IDENTITY.name, ID_MAP.name, ID_EVENT.name].contains(&name) => rows(&STANDARD_RECORD),
            name if name == GOLDEN_RECORD.name => self.manifest.cluster().map_or(0, |found| found.customers),
            name if name == INTERACTION.name => rows(&RAW_EVENT),
            // A mart has a row for each customer, or fewer.
            _ => rows(&GOLDEN_RECORD).max(1),
        }
    }

    /// The rows of the files that have to be read.
    fn rows_to_read(&self, table: &Table) -> u64 {
        let before = self.work_before.as_ref().filter(|_| !self.options.full);
        let known = |input: &&Input| {
            let is_same =
                |b: &Input| (&b.source, &b.file, &b.fingerprint) == (&input.source, &input.file, &input.fingerprint);
            before.is_some_and(|work| work.inputs.iter().any(is_same))
        };
        let is_of_table = |input: &&Input| {
            let source = self.pipeline.sources.iter().find(|source| source.name == input.source);
            source.is_some_and(|s| match s.holds {
                Rows::People { .. } => table.name == RAW_RECORD.name,
                Rows::Events { .. } => table.name == RAW_EVENT.name,
                Rows::Reference { .. } => table.name == RAW_REFERENCE.name,
            })
        };
        let bytes: u64 = self.manifest.inputs.iter().filter(is_of_table).filter(|i| !known(i)).map(|i| i.bytes).sum();
        bytes / ROW_BYTES
    }
}
