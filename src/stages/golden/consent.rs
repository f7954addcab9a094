//! What a person agreed to: the strictest of the newest statements of all records.
//!
//! In: `raw_record` and `identity`. Out: the query of `consent`. A record's newest statement takes the place of its older ones; between
//! the records of a person a denial beats everything, and a value that nobody can read (`unknown`) beats a grant. Who said
//! nothing decides nothing.

/// The query. Of two equally strict statements the newer one is named.
pub(super) const QUERY: &str = "
with statement as (
    select channel, record_id, s['purpose'] as purpose, s['contact'] as contact, s['status'] as status,
           s['stated_at'] as stated_at, case s['status'] when 'denied' then 0 when 'unknown' then 1 else 2 end as leniency
    from (select channel, record_id, unnest(consent) as s from raw_record where reject_reason is null)
    where s['status'] is not null),
newest as (
    select *, row_number() over (
        partition by channel, record_id, purpose, contact order by stated_at desc nulls last, leniency) as place
    from statement),
strictest as (
    select i.customer_id, n.purpose, n.contact, n.status, n.channel, n.record_id, n.stated_at, row_number() over (
        partition by i.customer_id, n.purpose, n.contact
        order by n.leniency, n.stated_at desc nulls last, n.channel, n.record_id) as place
    from newest n join identity i on i.channel = n.channel and i.record_id = n.record_id
    where n.place = 1)
select * exclude (place) from strictest where place = 1";
