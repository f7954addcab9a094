//! Numbers that were given anew: which statements and facts are those of who had the number before.
//!
//! In: `standard_record`, `raw_record`, and where there are such numbers the facts of the run before. Out: the tables `people_row`, the
//! rows of people that are of the holder of today, and `given_anew`, the numbers with the time since when they are that person's. A fact
//! of before belongs to the customer to whom it belonged in the run before, as long as there is one; else nobody knows whose it is.

use datafusion::prelude::SessionContext;

use crate::engine::session::replace_table;
use crate::error::Result;

/// The numbers: few, and asked for several times.
const NUMBERS: &str = "
select channel, record_id, holder_since, of_others from standard_record where cardinality(of_others) > 0";

/// The rows of people without those of somebody who had the number before.
const ROWS: &str = "
select r.* from raw_record r left anti join (
    select channel, record_id, o['file'] as file, o['line'] as line
    from (select channel, record_id, unnest(of_others) as o from given_anew)) o
on r.channel = o.channel and r.record_id = o.record_id and r.file = o.file and r.line = o.line";

/// Facts where every number is one person's.
pub(super) const INTERACTIONS: &str = "
select e.*, i.customer_id
from event_once e left join identity i on e.channel = i.channel and e.record_id = i.record_id";

/// Facts where numbers were given anew. Ids of the run before are those of people then: each is its own today, was merged in this run, or
/// is nobody's.
pub(super) const OF_HOLDERS: &str = "
with known as (
    select p.channel, p.event_id, p.record_id, coalesce(m.counterpart, p.customer_id) as customer_id
    from previous_interaction p
    join given_anew g on p.channel = g.channel and p.record_id = g.record_id and p.occurred_at < g.holder_since
    left join merged_now m on m.customer_id = p.customer_id
    where p.customer_id is not null),
living as (select k.* from known k left semi join identity i on i.customer_id = k.customer_id)
select e.*, case when e.occurred_at < g.holder_since then l.customer_id else i.customer_id end as customer_id
from event_once e
left join identity i on e.channel = i.channel and e.record_id = i.record_id
left join given_anew g on e.channel = g.channel and e.record_id = g.record_id
left join living l on e.channel = l.channel and e.event_id = l.event_id and e.record_id = l.record_id";

/// Registers the tables. Answers whether a number was given anew: then facts need `previous_interaction` and `merged_now` too.
///
/// # Errors
/// As the engine says.
pub(crate) async fn register(context: &SessionContext) -> Result<bool> {
    let numbers = context.sql(NUMBERS).await?.cache().await?;
    let any = numbers.clone().count().await? > 0;
    replace_table(context, "given_anew", numbers)?;
    let rows = match any {
        true => context.sql(ROWS).await?,
        false => context.table("raw_record").await?,
    };
    replace_table(context, "people_row", rows)?;
    Ok(any)
}
