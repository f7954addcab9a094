//! Codes that two tables should share and one of them lacks.
//!
//! In: facts, and the tables of what they name. Out: of each table the rows and codes without a counterpart. A sale of an item that the
//! product master does not have counts in no category and at no cost, and no figure shows it. Of media it is the other way round: a
//! purchase may come by a medium that costs nothing, while a spend on a medium by which nobody comes is a slip.

use datafusion::common::JoinType;
use datafusion::functions_aggregate::expr_fn::{count, sum};
use datafusion::logical_expr::{Expr, ident, lit};
use datafusion::prelude::DataFrame;

use crate::error::Result;
use crate::lake::results::Unmatched;
use crate::tables::columns;
use crate::tables::contract::col;

/// Codes that are told of a table.
const EXAMPLES: usize = 3;
/// The longest code that is told, in characters: a longer one, or one with an @, is no code.
const LONGEST: usize = 40;
/// Kinds of facts whose medium is the way of a message.
const MESSAGES: [&str; 2] = ["message", "ticket_reply"];

/// The table that facts are looked for in, and not the other way round.
const SPEND: &str = "medium_spend";

/// Tables of what facts name, with the column that both have.
pub(crate) const NAMED: [(&str, &str); 3] = [("product", col::ITEM_ID), ("store", col::STORE_ID), (SPEND, col::MEDIUM)];

/// What of a table and of the facts has no counterpart; nothing where all has.
///
/// # Errors
/// Environment, if a table cannot be read.
pub(crate) async fn unmatched(name: &str, facts: DataFrame, table: DataFrame) -> Result<Option<Unmatched>> {
    let Some((_, column)) = NAMED.iter().find(|(of, _)| *of == name) else { return Ok(None) };
    let (rows, there) = match name == SPEND {
        true => {
            let messages = MESSAGES.iter().map(|kind| lit(*kind)).collect();
            (table, facts.filter(ident(col::EVENT_TYPE).in_list(messages, true))?)
        }
        false => (facts, table),
    };
    let counted = rows.filter(ident(*column).is_not_null())?;
    let counted = counted.aggregate(vec![ident(*column)], vec![count(lit(1)).alias("n")])?;
    let there = there.select(vec![ident(*column).alias("there")])?.distinct()?;
    let missing = counted.join(there, JoinType::LeftAnti, &[*column], &["there"], None)?;
    let totals: Vec<Expr> = vec![count(lit(1)), sum(ident("n"))];
    let (mut codes, mut of_rows) = (0, 0);
    for batch in missing.clone().aggregate(Vec::new(), totals)?.collect().await? {
        let (n, all) = (columns::longs(batch.column(0))?, columns::longs(batch.column(1))?);
        if n.len() == 1 && n.value(0) > 0 {
            (codes, of_rows) = (n.value(0) as u64, all.value(0) as u64);
        }
    }
    if codes == 0 {
        return Ok(None);
    }
    let mut examples = Vec::new();
    let order = vec![ident("n").sort(false, false), ident(*column).sort(true, false)];
    for batch in missing.sort(order)?.limit(0, Some(EXAMPLES))?.collect().await? {
        examples.extend(columns::strings(batch.column(0))?.iter().flatten().map(str::to_string));
    }
    examples.retain(|code| code.chars().count() <= LONGEST && !code.contains('@'));
    Ok(Some(Unmatched { table: name.to_string(), column: column.to_string(), rows: of_rows, codes, examples }))
}
