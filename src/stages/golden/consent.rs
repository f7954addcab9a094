//! What each record said last of a consent, and what the person agreed to by it.
//!
//! In: `people_row` (the rows of `raw_record` that are of the holder of today), `standard_record` and `identity`. Out: the plan of
//! `consent_by_record`, and the query of `consent` over it. A record's newest statement takes the place of its older ones. Between the
//! records of a person a grant holds where it is newer than every statement of them that is no grant, for the addresses of its record
//! alone. What is not sure is no: at one moment, and where a time is not known, the grant is the older one. Who said nothing decides nothing.

use arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::ScalarValue;
use datafusion::functions::expr_fn::to_local_time;
use datafusion::logical_expr::{cast, ident};
use datafusion::prelude::SessionContext;

use super::{by_key, columns};
use crate::config::Pipeline;
use crate::engine::session::replace_table;
use crate::error::Result;
use crate::stages::Planned;
use crate::tables::contract::{CONSENT_BY_RECORD, TIME_ZONE, col};

/// The newest statement of each record. One without a time of its own is as new as its row: the row says that it holds, and not since when.
/// A record is its row, one number, so that few texts are compared.
const NEWEST: &str = "
with stated as (
    select channel, record_id, observed_at, s['purpose'] as purpose, s['contact'] as contact, s['status'] as status,
           s['stated_at'] as stated_at, case s['status'] when 'denied' then 0 when 'unknown' then 1 else 2 end as leniency
    from (select channel, record_id, observed_at, unnest(consent) as s from people_row where reject_reason is null)
    where s['status'] is not null),
statement as (
    select i.row as place, i.customer_id, s.purpose, s.contact, s.status, s.stated_at, s.observed_at, s.leniency
    from stated s join identity i on i.channel = s.channel and i.record_id = s.record_id),
newest as (
    select * from (
        select *, row_number() over (partition by place, purpose, contact
                                     order by coalesce(stated_at, observed_at) desc nulls last, leniency) as age
        from statement)
    where age = 1)
select n.customer_id, n.purpose, n.contact, n.status, n.stated_at, r.channel, r.record_id,
       case when n.contact = 'email' then r.emails when n.contact in ('phone', 'sms') then r.phones end as contact_points
from newest n
join standard_record r on r.row = n.place";

/// The statements, and which of them are grants that hold. A refusal of a midnight is that of a source which knows the day alone: it holds for
/// all of the day. A time that is still to come is none.
const HOLDING: &str = "
with refused as (
    select customer_id, purpose, contact, bool_or(stated_at is null or stated_at > $as_of) as is_timeless,
           max(case when local_at = date_trunc('day', local_at) then local_at + interval '1 day' - interval '1 microsecond'
               else local_at end) as until
    from newest_statement
    where status <> 'granted'
    group by customer_id, purpose, contact)
select s.*, s.status = 'granted' and coalesce(
    r.customer_id is null or (not r.is_timeless and s.stated_at <= $as_of and r.until < s.local_at), false) as holds
from newest_statement s
left join refused r on r.customer_id = s.customer_id and r.purpose = s.purpose and r.contact = s.contact";

/// The query of `consent`: the newest grant that holds, else the strictest statement. Of two equally strict ones the newer one is named.
pub(super) const QUERY: &str = "
select * exclude (place) from (
    select *, row_number() over (
        partition by customer_id, purpose, contact
        order by holds desc, case status when 'denied' then 0 when 'unknown' then 1 else 2 end, stated_at desc nulls last, channel, record_id
    ) as place
    from consent_by_record)
where place = 1";

/// The plan of `consent_by_record`.
///
/// # Errors
/// Bug, if the plan cannot be built.
pub(crate) async fn by_record(context: &SessionContext, pipeline: &Pipeline, as_of: i64) -> Result<Planned> {
    let zoned = DataType::Timestamp(TimeUnit::Microsecond, Some(pipeline.zone.name().into()));
    let local_at = to_local_time(vec![cast(ident(col::STATED_AT), zoned)]);
    let newest = context.sql(NEWEST).await?.with_column("local_at", local_at)?;
    replace_table(context, "newest_statement", newest)?;
    let as_of = ScalarValue::TimestampMicrosecond(Some(as_of), Some(TIME_ZONE.into()));
    let holding = context.sql(HOLDING).await?.with_param_values(vec![("as_of", as_of)])?;
    let rows = by_key(columns(holding, &CONSENT_BY_RECORD)?, &CONSENT_BY_RECORD)?;
    Ok(Planned::sorted(&CONSENT_BY_RECORD, rows))
}
