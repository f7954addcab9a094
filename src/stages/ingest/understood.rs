//! How much of every attribute of a source can be understood: a phone column that holds mail addresses is seen here.
//!
//! In: `raw_record`. Out: for each source and attribute how many values of a sample were looked at, how many cannot be understood, and
//! what these look like.

use std::collections::BTreeMap;

use arrow::array::{Array, AsArray};
use arrow::datatypes::Int64Type;
use datafusion::logical_expr::{Expr, ident, lit};
use datafusion::prelude::{DataFrame, SessionContext};

use crate::engine::session::replace_table;
use crate::error::{Error, Result};
use crate::functions::key_hash;
use crate::lake::results::Understood;
use crate::tables::contract::col;

const QUERY: &str = include_str!("understood.sql");
const SAMPLED: &str = "sampled";

/// Records of a source that are looked at, about: a share of ten thousand is known to a point, at the price of a second.
const SAMPLE: u64 = 10_000;

/// Shapes that are told of an attribute.
const SHAPES: usize = 3;

/// Values of an attribute, and the shapes of those that cannot be understood with their numbers.
type Shapes = (u64, Vec<(u64, String)>);

/// How much of `raw` is understood; `rows` are the records of each source. The records are chosen by a hash of their ids: the same
/// input gives the same sample.
///
/// # Errors
/// Whatever the engine fails with.
pub(crate) async fn understood(
    context: &SessionContext,
    raw: DataFrame,
    rows: &BTreeMap<&str, u64>,
) -> Result<Vec<Understood>> {
    let chosen = |(source, rows): (&&str, &u64)| -> Expr {
        let every = lit((rows / SAMPLE).max(1) as i64);
        let hash = key_hash().call(vec![ident(col::CHANNEL), ident(col::RECORD_ID)]);
        ident(col::SOURCE).eq(lit(*source)).and((hash % every).eq(lit(0_i64)))
    };
    let Some(chosen) = rows.iter().map(chosen).reduce(Expr::or) else { return Ok(Vec::new()) };
    let sampled = raw.filter(ident(col::REJECT_REASON).is_null().and(chosen))?;
    replace_table(context, SAMPLED, sampled)?;
    let mut found: BTreeMap<(String, String), Shapes> = BTreeMap::new();
    for batch in context.sql(QUERY).await?.collect().await? {
        let text = |c: usize| batch.column(c).as_string::<i32>();
        let counts = batch.column(3).as_primitive::<Int64Type>();
        for row in 0..batch.num_rows() {
            let (of, values) = ((text(0).value(row), text(1).value(row)), counts.value(row) as u64);
            let (all, shapes) = found.entry((of.0.to_string(), of.1.to_string())).or_default();
            *all += values;
            if text(2).is_valid(row) {
                shapes.push((values, text(2).value(row).to_string()));
            }
        }
    }
    context.deregister_table(SAMPLED)?;
    let of = |((source, attribute), (values, mut shapes)): ((String, String), Shapes)| {
        shapes.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
        let unusable = shapes.iter().map(|(values, _)| values).sum();
        let shapes = shapes.into_iter().take(SHAPES).map(|(_, shape)| shape).collect();
        Understood { source, attribute, values, unusable, shapes }
    };
    Ok(found.into_iter().map(of).collect())
}

/// Values of an attribute below which nothing is refused: so few can all be odd.
const FEWEST: u64 = 20;

/// Refuses input of which an attribute cannot be used: most often two columns are exchanged, or one value stands in several columns.
///
/// # Errors
/// Data, naming the worst.
pub(crate) fn refuse(found: &[Understood], limit: f64) -> Result<()> {
    let over = |u: &&Understood| u.values >= FEWEST && u.share() > limit;
    let Some(worst) = found.iter().filter(over).max_by(|a, b| a.share().total_cmp(&b.share())) else { return Ok(()) };
    let others = match found.iter().filter(over).count() - 1 {
        0 => String::new(),
        more => format!(" ({more} more attributes likewise)"),
    };
    Err(Error::data(format!("{worst}: more than limits.unusable_share = {limit}{others}")).hint(
        "check which column the attribute is mapped to; parts of one value are written as `{ join: [a, b, c] }`; `nayose validate` shows every attribute",
    ))
}
