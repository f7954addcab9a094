//! Events whose key comes more than once: which row counts, which are lines of their own, which were replaced.
//!
//! In: `raw_event`. Out: the tables `event_once`, each fact that counts, and `repeated_event`, the rows that do not with the reason why.
//! The newest file that has a key says all of its rows: what earlier files said is replaced, whole. Within that file rows that are
//! the same in everything are one row that was written twice, and rows that are not are lines: an order with two sizes of one
//! item. They are numbered in the order of what they say, `ID`, `ID#2`, so that the order of the rows decides nothing. `equal_rows`
//! of the source says otherwise.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use datafusion::functions_aggregate::expr_fn::count;
use datafusion::logical_expr::{ident, lit};
use datafusion::prelude::{DataFrame, SessionContext};

use super::references;
use crate::config::file::EqualRowsFile;
use crate::config::{Pipeline, Rows};
use crate::engine::session::replace_table;
use crate::error::Result;
use crate::lake::results::{LineCounts, Negative};
use crate::tables::columns;
use crate::tables::contract::col;

/// The reasons of rows that do not count.
const REPEATED: &str = "repeated_event";
const REPLACED: &str = "replaced_event";

/// All of them, in the order of the counts.
const REASONS: [&str; 3] = [REPEATED, REPLACED, references::REPLACED];

/// Rows of repeated keys up to which they are placed once and kept in memory, as two tables ask for them: some two MiB, which a plan
/// on its way to a cluster may hold as well. More are placed twice, and spill.
const KEPT: u64 = 1 << 13;

/// Registers the tables.
///
/// # Errors
/// Bug, if a plan cannot be built; environment, if the keys cannot be read.
pub(super) async fn register(context: &SessionContext, pipeline: &Pipeline) -> Result<()> {
    // Hashes are small, and asked for more than once.
    let keys = context.sql(KEYS).await?.cache().await?;
    let repeated = rows_of(keys.clone()).await?;
    replace_table(context, "repeated_key", keys)?;
    if repeated == 0 {
        // Most data repeats nothing: its rows are neither hashed again nor joined to nothing.
        replace_table(context, "event_once", context.sql(ALL).await?)?;
        return replace_table(context, "repeated_event", context.sql(NONE).await?);
    }
    replace_table(context, "equal_rows", context.read_batch(equal_rows(pipeline)?)?)?;
    let told = context.sql(TOLD).await?;
    replace_table(context, "told_event", if repeated <= KEPT { told.cache().await? } else { told })?;
    replace_table(context, "event_once", context.sql(ONCE).await?)?;
    replace_table(context, "repeated_event", context.sql(NOT_ONCE).await?)
}

/// How many rows have one of these keys.
async fn rows_of(keys: DataFrame) -> Result<u64> {
    let mut rows = 0;
    for batch in keys.collect().await? {
        rows += columns::longs(batch.column(1))?.values().iter().map(|n| *n as u64).sum::<u64>();
    }
    Ok(rows)
}

/// The sources that say what their equal rows are.
fn equal_rows(pipeline: &Pipeline) -> Result<RecordBatch> {
    let mut said: Vec<(&str, &str)> = Vec::new();
    for source in &pipeline.sources {
        let Rows::Events { equal_rows, .. } = &source.holds else { continue };
        match equal_rows {
            EqualRowsFile::Lines => {}
            EqualRowsFile::OneEvent => said.push((&source.name, "one_event")),
            EqualRowsFile::TwoEvents => said.push((&source.name, "two_events")),
        }
    }
    let column =
        |of: fn(&(&str, &str)) -> String| -> ArrayRef { Arc::new(StringArray::from_iter_values(said.iter().map(of))) };
    Ok(RecordBatch::try_from_iter([
        ("of_source", column(|(source, _)| source.to_string())),
        ("equal_rows", column(|(_, equal)| equal.to_string())),
    ])?)
}

/// Keys of events that come more than once, as hashes, with their rows: a file that is sent twice repeats its rows. Most data has
/// none, and hashes are far smaller than keys.
const KEYS: &str = "
select h, count(*) as n from (select key_hash(channel, event_id) as h from raw_event where reject_reason is null)
group by h having count(*) > 1";

/// Rows of such keys, with the reason of those that do not count. They may be all rows: the few sources that say what their equal
/// rows are stand on the side of the join that is kept in memory. `said` is all that a row says, where it says nothing of the newer columns
/// as it was before they were there, so that lines keep their numbers; `content` is what makes rows of one
/// file one event: all of it, or nothing, or its line.
const TOLD: &str = "
with e as (
    select r.*, concat_ws(chr(31), r.source, coalesce(r.record_id, ''), coalesce(cast(r.occurred_at as varchar), ''),
               coalesce(r.transaction_id, ''), coalesce(r.store_id, ''), coalesce(r.item_id, ''), coalesce(r.item_name, ''),
               coalesce(cast(r.quantity as varchar), ''), coalesce(cast(r.unit_price as varchar), ''),
               coalesce(cast(r.amount as varchar), ''), coalesce(r.category, ''), coalesce(r.detail, ''),
               nullif(concat_ws(chr(31), coalesce(r.status, ''), coalesce(cast(r.discount as varchar), ''), coalesce(r.coupon_id, ''),
                   coalesce(cast(r.points_used as varchar), ''), coalesce(cast(r.shipping_charged as varchar), ''),
                   coalesce(cast(r.shipping_cost as varchar), ''), coalesce(cast(r.tax as varchar), ''), coalesce(r.receipt_id, ''),
                   coalesce(r.medium, ''), coalesce(r.campaign, ''), coalesce(r.arm, ''), coalesce(r.visitor_id, ''),
                   coalesce(r.account_id, ''), coalesce(r.corporate_number, ''), coalesce(cast(r.valid_until as varchar), ''),
                   coalesce(cast(r.bought_on as varchar), ''), coalesce(r.serial_number, ''), coalesce(r.staff, ''),
                   coalesce(cast(r.score as varchar), ''), coalesce(r.reason, '')), repeat(chr(31), 19)),
               nullif(r.recipient, '')) as said
    from (select *, key_hash(channel, event_id) as h from raw_event where reject_reason is null) r
    left semi join repeated_key k on r.h = k.h),
placed as (
    select e.* exclude (h),
           case m.equal_rows when 'one_event' then '' when 'two_events' then lpad(cast(e.line as varchar), 12, '0') else e.said end as content,
           first_value(e.file) over (partition by e.channel, e.event_id order by e.file desc) = e.file as is_newest
    from equal_rows m right join e on m.of_source = e.source),
compared as (
    select *, coalesce(lag(channel) over w = channel and lag(event_id) over w = event_id and lag(content) over w = content, false) as again,
           coalesce(lag(said) over w = said, false) as same
    from placed
    window w as (order by channel, event_id, content, file desc, line desc))
select * exclude (said, is_newest, again, same),
       case when again and same then 'repeated_event' when again or not is_newest then 'replaced_event' end as repeat_reason
from compared";

/// Every event that counts, once; lines of one key by their place.
const ONCE: &str = "
select e.* exclude (h)
from (select *, key_hash(channel, event_id) as h from raw_event where reject_reason is null) e
left anti join repeated_key k on e.h = k.h
union all
select * exclude (content, repeat_reason, place)
         replace (case when place > 1 then concat(event_id, '#', cast(place as varchar)) else event_id end as event_id)
from (select *, row_number() over (partition by channel, event_id order by content) as place
      from told_event where repeat_reason is null)";

/// Every event, where no key comes twice.
const ALL: &str = "select * from raw_event where reject_reason is null";

const NONE: &str = "select source, file, line, cast(null as varchar) as repeat_reason from raw_event where false";

const NOT_ONCE: &str = "select source, file, line, repeat_reason from told_event where repeat_reason is not null";

/// Rows by file that are there again, and that a later one replaced.
///
/// # Errors
/// Environment, if the table cannot be read.
pub(crate) async fn counts(rejects: DataFrame) -> Result<Vec<LineCounts>> {
    let rows = rejects.filter(ident(col::REASON).in_list(REASONS.map(lit).to_vec(), false))?;
    let by = [col::SOURCE, col::FILE, col::REASON].map(ident).to_vec();
    let mut found: BTreeMap<(String, String), [u64; 3]> = BTreeMap::new();
    for batch in rows.aggregate(by, vec![count(lit(1))])?.collect().await? {
        let text = |c: usize| columns::strings(batch.column(c));
        let (source, file, reason, n) = (text(0)?, text(1)?, text(2)?, columns::longs(batch.column(3))?);
        for row in 0..batch.num_rows() {
            let counts = found.entry((source.value(row).to_string(), file.value(row).to_string())).or_default();
            let place = REASONS.iter().position(|known| *known == reason.value(row)).unwrap_or_default();
            counts[place] += n.value(row) as u64;
        }
    }
    let counts = |((source, file), [repeated, replaced, references]): ((String, String), [u64; 3])| LineCounts {
        source,
        file,
        repeated,
        replaced,
        references,
    };
    Ok(found.into_iter().map(counts).collect())
}

/// Facts with an amount below zero, by channel and kind: figures count them as what their kind says.
///
/// # Errors
/// Environment, if the table cannot be read.
pub(crate) async fn negative(interactions: DataFrame) -> Result<Vec<Negative>> {
    let rows = interactions.filter(ident(col::AMOUNT).lt(lit(0)))?;
    let rows = rows.aggregate([col::CHANNEL, col::EVENT_TYPE].map(ident).to_vec(), vec![count(lit(1))])?;
    let mut found = Vec::new();
    for batch in rows.collect().await? {
        let (channel, kind) = (columns::strings(batch.column(0))?, columns::strings(batch.column(1))?);
        let n = columns::longs(batch.column(2))?;
        found.extend((0..batch.num_rows()).map(|row| Negative {
            channel: channel.value(row).to_string(),
            event_type: kind.value(row).to_string(),
            rows: n.value(row) as u64,
        }));
    }
    found.sort();
    Ok(found)
}
