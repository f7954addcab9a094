//! The tables that sources fill by themselves: products, stores, what media cost.
//!
//! In: `raw_reference`. Out: the plans of `product`, `store` and `medium_spend`, and the table `reference_place`, every row with its
//! place among those of its key. The row of the newest file counts, the last of a file: a price list of today replaces that of yesterday,
//! key by key. What it replaces is a reject with that reason, so that every row that came in is told.

use datafusion::logical_expr::{ident, lit};
use datafusion::prelude::SessionContext;

use super::{Planned, by_key, columns};
use crate::engine::session::replace_table;
use crate::error::Result;
use crate::tables::contract::{REFERENCE_TABLES, col};

/// The reason of rows that do not count.
pub(super) const REPLACED: &str = "replaced_reference";

/// Rows with their places: 1 is the one that counts.
const PLACE: &str = "
select *, row_number() over (partition by table_name, item_id, store_id, medium, month
                             order by file desc, line desc, source desc) as place
from raw_reference where reject_reason is null";

/// Registers the table `reference_place`, and plans the published ones.
///
/// # Errors
/// Bug, if a plan cannot be built.
pub(super) async fn plan(context: &SessionContext) -> Result<Vec<Planned>> {
    let placed = context.sql(PLACE).await?;
    replace_table(context, "reference_place", placed)?;
    let mut planned = Vec::new();
    for table in REFERENCE_TABLES {
        let rows = context.table("reference_place").await?;
        let counts = ident(col::TABLE_NAME).eq(lit(table.name)).and(ident("place").eq(lit(1)));
        planned.push(Planned::sorted(table, by_key(columns(rows.filter(counts)?, table)?, table)?));
    }
    Ok(planned)
}
