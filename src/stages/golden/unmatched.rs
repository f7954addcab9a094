//! Codes that two tables should share and one of them lacks.
//!
//! In: facts, and the tables of what they name. Out: of each table the rows and codes without a counterpart. A sale of an item that the
//! product master does not have counts in no category and at no cost, and no figure shows it. Of media it is the other way round: a
//! purchase may come by a medium that costs nothing, while a spend on a medium by which nobody comes is a slip. The way of a message is to be
//! a contact of a consent, by the same word: who unsubscribes from `mail` ends no consent to `email`.

use std::collections::BTreeSet;

use datafusion::common::JoinType;
use datafusion::functions_aggregate::expr_fn::{count, sum};
use datafusion::logical_expr::{Expr, ident, lit};
use datafusion::prelude::DataFrame;

use crate::config::Pipeline;
use crate::error::Result;
use crate::lake::results::Unmatched;
use crate::tables::columns;
use crate::tables::contract::{CONSENT, col};

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
    let there = there.select(vec![ident(*column).alias("there")])?.distinct()?;
    let missing = by_value(rows, column)?.join(there, JoinType::LeftAnti, &[*column], &["there"], None)?;
    told(name, column, missing).await
}

/// Messages by ways that no source asks consent for; nothing where all are, or no source asks for any.
///
/// # Errors
/// Environment, if a table cannot be read.
pub(crate) async fn unknown_ways(pipeline: &Pipeline, facts: DataFrame) -> Result<Option<Unmatched>> {
    let asked: BTreeSet<&str> =
        pipeline.sources.iter().flat_map(|source| &source.consent).map(|consent| consent.contact.as_str()).collect();
    if asked.is_empty() {
        return Ok(None);
    }
    let messages = facts.filter(ident(col::EVENT_TYPE).eq(lit(MESSAGES[0])))?;
    let known = asked.into_iter().map(lit).collect();
    let missing = by_value(messages, col::MEDIUM)?.filter(ident(col::MEDIUM).in_list(known, true))?;
    told(CONSENT.name, col::MEDIUM, missing).await
}

/// How many rows have each value of a column.
fn by_value(rows: DataFrame, column: &str) -> Result<DataFrame> {
    let rows = rows.filter(ident(column).is_not_null())?;
    Ok(rows.aggregate(vec![ident(column)], vec![count(lit(1)).alias("n")])?)
}

/// What is told of values without a counterpart, and of the rows that have them.
async fn told(name: &str, column: &str, missing: DataFrame) -> Result<Option<Unmatched>> {
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
    let order = vec![ident("n").sort(false, false), ident(column).sort(true, false)];
    for batch in missing.sort(order)?.limit(0, Some(EXAMPLES))?.collect().await? {
        examples.extend(columns::strings(batch.column(0))?.iter().flatten().map(str::to_string));
    }
    examples.retain(|code| code.chars().count() <= LONGEST && !code.contains('@'));
    Ok(Some(Unmatched { table: name.to_string(), column: column.to_string(), rows: of_rows, codes, examples }))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use arrow::array::{ArrayRef, RecordBatch, StringArray};
    use datafusion::prelude::SessionContext;

    use super::*;
    use crate::config::{Overrides, load};

    /// What is told of facts of these kinds by these media, in the retail pipeline with these of its consents.
    async fn said(facts: &[(&str, Option<&str>)], asks: bool) -> Option<String> {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines/retail/pipeline.yaml");
        let mut pipeline = load(&file, &Overrides::default()).unwrap();
        if !asks {
            pipeline.sources.iter_mut().for_each(|source| source.consent.clear());
        }
        let kinds: ArrayRef = Arc::new(facts.iter().map(|(kind, _)| Some(*kind)).collect::<StringArray>());
        let media: ArrayRef = Arc::new(facts.iter().map(|(_, medium)| *medium).collect::<StringArray>());
        let rows =
            RecordBatch::try_from_iter_with_nullable([(col::EVENT_TYPE, kinds, true), (col::MEDIUM, media, true)]);
        let facts = SessionContext::new().read_batch(rows.unwrap()).unwrap();
        unknown_ways(&pipeline, facts).await.unwrap().map(|unknown| unknown.to_string())
    }

    #[tokio::test]
    async fn ways_of_messages_that_no_consent_is_asked_for_are_told() {
        let known =
            [("message", Some("email")), ("message", Some("push")), ("message", None), ("purchase", Some("search"))];
        assert_eq!(said(&known, true).await, None);
        let more =
            [known.as_slice(), &[("message", Some("mail")), ("message", Some("LINE")), ("message", Some("mail"))]]
                .concat();
        let told = "3 messages with 2 values of medium that no consent has as its contact, such as mail, LINE: who unsubscribes from them ends none";
        assert_eq!(said(&more, true).await.as_deref(), Some(told));
        assert_eq!(said(&more, false).await, None, "where nobody is asked there is nothing to end");
    }
}
