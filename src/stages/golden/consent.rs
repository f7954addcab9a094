//! What a person agreed to: the strictest of the newest statements of all records.
//!
//! In: `people_row` (the rows of `raw_record` that are of the holder of today), `standard_record` and `identity`. Out: the query of
//! `consent`. A record's newest statement takes the place of its older ones; between the records of a person a denial beats everything, and
//! a value that nobody can read (`unknown`) beats a grant. Who said nothing decides nothing.

/// The query. Of two equally strict statements the newer one is named. A record is its row, one number in the order of channel and
/// id, so that few texts are compared.
pub(super) const QUERY: &str = "
with stated as (
    select channel, record_id, s['purpose'] as purpose, s['contact'] as contact, s['status'] as status,
           s['stated_at'] as stated_at, case s['status'] when 'denied' then 0 when 'unknown' then 1 else 2 end as leniency
    from (select channel, record_id, unnest(consent) as s from people_row where reject_reason is null)
    where s['status'] is not null),
statement as (
    select i.row as place, i.customer_id, s.purpose, s.contact, s.status, s.stated_at, s.leniency
    from stated s join identity i on i.channel = s.channel and i.record_id = s.record_id),
newest as (
    select * from (
        select *, row_number() over (partition by place, purpose, contact order by stated_at desc nulls last, leniency) as age
        from statement)
    where age = 1),
strictest as (
    select * from (
        select *, row_number() over (partition by customer_id, purpose, contact
                                     order by leniency, stated_at desc nulls last, place) as mildness
        from newest)
    where mildness = 1)
select d.* exclude (age, mildness, place), r.channel, r.record_id,
       case when d.contact = 'email' then r.emails when d.contact in ('phone', 'sms') then r.phones end as contact_points
from strictest d
join standard_record r on r.row = d.place";
