//! What a person agreed to: the strictest of the newest statements of all records.
//!
//! In: `raw_record`, `standard_record` and `identity`. Out: the query of `consent`. A record's newest statement takes the place of its older ones; between
//! the records of a person a denial beats everything, and a value that nobody can read (`unknown`) beats a grant. Who said
//! nothing decides nothing.

/// The query. Of two equally strict statements the newer one is named. The first of each group is found by looking at the row
/// before in one order over all: windows over groups of one or two rows take six times as long. A record is its row, one number in the
/// order of channel and id, so that few texts are compared.
pub(super) const QUERY: &str = "
with statement as (
    select place, customer_id, s['purpose'] as purpose, s['contact'] as contact, s['status'] as status,
           s['stated_at'] as stated_at, case s['status'] when 'denied' then 0 when 'unknown' then 1 else 2 end as leniency
    from (select i.row as place, i.customer_id, unnest(r.consent) as s
          from raw_record r join identity i on i.channel = r.channel and i.record_id = r.record_id
          where r.reject_reason is null)
    where s['status'] is not null),
newest as (
    select *, coalesce(lag(place) over w = place and lag(purpose) over w = purpose and lag(contact) over w = contact, false) as older
    from statement
    window w as (order by place, purpose, contact, stated_at desc nulls last, leniency)),
strictest as (
    select *, coalesce(lag(customer_id) over w = customer_id and lag(purpose) over w = purpose
                       and lag(contact) over w = contact, false) as milder
    from newest
    where not older
    window w as (order by customer_id, purpose, contact, leniency, stated_at desc nulls last, place))
select d.* exclude (older, milder, place), r.channel, r.record_id,
       case when d.contact = 'email' then r.emails when d.contact in ('phone', 'sms') then r.phones end as contact_points
from (select * from strictest where not milder) d
join standard_record r on r.row = d.place";
