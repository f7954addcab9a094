//! The links that the run before made: from the ledger to pairs of rows, and what blocking no longer brings of them.

use datafusion::logical_expr::{ident, lit};
use datafusion::prelude::DataFrame;
use futures::TryStreamExt;

use super::{Keys, Links};
use crate::error::Result;
use crate::tables::columns;
use crate::tables::contract::col;
use nayose_matching::identity::bounds::Bounds;
use nayose_matching::identity::cluster::Edge;
use nayose_matching::model::score::Scorer;

/// The decision on a link in the ledger.
pub(crate) const MATCHED: &str = "matched";

/// The rule of a link that the run before made and no blocking rule brings any more.
pub(super) const HELD: &str = "held";

/// Its number.
pub(super) const NO_RULE: i32 = -1;

/// The pairs that a ledger calls links, by the rows of today. What a person decided is none: where that is taken back, the evidence
/// decides again.
///
/// # Errors
/// As the engine says.
pub(crate) async fn links(ledger: DataFrame, keys: &Keys) -> Result<Vec<(u32, u32)>> {
    let columns = [col::CHANNEL_L, col::RECORD_ID_L, col::CHANNEL_R, col::RECORD_ID_R];
    let matched = ledger.filter(ident(col::DECISION).eq(lit(MATCHED)))?.select_columns(&columns)?;
    let mut batches = matched.execute_stream().await?;
    let (mut found, mut last) = (Vec::new(), None);
    while let Some(batch) = batches.try_next().await? {
        let [cl, il, cr, ir] = [0, 1, 2, 3].map(|c| columns::strings(batch.column(c)).cloned());
        let (cl, il, cr, ir) = (cl?, il?, cr?, ir?);
        for i in 0..batch.num_rows() {
            let l = keys.row_after(last, cl.value(i), il.value(i));
            last = l.or(last);
            if let (Some(l), Some(r)) = (l, keys.row(cr.value(i), ir.value(i))) {
                found.push((l, r));
            }
        }
    }
    Ok(found)
}

impl Links {
    /// Adds the links of before that no blocking rule brings any more, as of a block that grew too large, where they still hold.
    pub(crate) fn add_held(&mut self, bounds: &Bounds, scorer: &Scorer) {
        // `scored_pair` is in order of its rows, the smaller one first.
        let is_gone = |pair: &(u32, u32)| self.edges.binary_search_by_key(pair, |e| (e.l, e.r)).is_err();
        let gone: Vec<(u32, u32)> = bounds.linked_before().filter(is_gone).collect();
        for (l, r) in gone {
            let score = scorer.score(l as usize, r as usize);
            let edge = Edge { l, r, person: score.person, household: score.household };
            if bounds.is_link(&edge) {
                self.edges.push(edge);
                self.rules.push(NO_RULE);
                self.weights.push(score.weight);
            }
        }
    }
}
