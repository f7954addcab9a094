//! What a person agreed to: the strictest of the newest statements of all records.
//!
//! In: `people_row` (the rows of `raw_record` that are of the holder of today), `standard_record` and `identity`. Out: the query of
//! `consent`. A record's newest statement takes the place of its older ones; between the records of a person a denial beats everything, and
//! a value that nobody can read (`unknown`) beats a grant. Who said nothing decides nothing.

/// The query. Of two equally strict statements the newer one is named. The first of each group is found by looking at the row
/// before in one order over all: windows over groups of one or two rows take six times as long.
pub(super) const QUERY: &str = "
with statement as (
    select channel, record_id, s['purpose'] as purpose, s['contact'] as contact, s['status'] as status,
           s['stated_at'] as stated_at, case s['status'] when 'denied' then 0 when 'unknown' then 1 else 2 end as leniency
    from (select channel, record_id, unnest(consent) as s from people_row where reject_reason is null)
    where s['status'] is not null),
newest as (
    select *, coalesce(lag(channel) over w = channel and lag(record_id) over w = record_id
                       and lag(purpose) over w = purpose and lag(contact) over w = contact, false) as older
    from statement
    window w as (order by channel, record_id, purpose, contact, stated_at desc nulls last, leniency)),
strictest as (
    select i.customer_id, n.purpose, n.contact, n.status, n.channel, n.record_id, n.stated_at,
           coalesce(lag(i.customer_id) over w = i.customer_id and lag(n.purpose) over w = n.purpose
                    and lag(n.contact) over w = n.contact, false) as milder
    from newest n join identity i on i.channel = n.channel and i.record_id = n.record_id
    where not n.older
    window w as (order by i.customer_id, n.purpose, n.contact, n.leniency, n.stated_at desc nulls last, n.channel,
                 n.record_id))
select d.* exclude (milder),
       case when d.contact = 'email' then r.emails when d.contact in ('phone', 'sms') then r.phones end as contact_points
from (select * from strictest where not milder) d
join standard_record r on r.channel = d.channel and r.record_id = d.record_id";
