-- Facts that are looked at and have a record's number, and those of them whose record nobody delivered, in these files or before.
with key as (
    select distinct channel, record_id from facts_looked_at where record_id is not null
),
-- The few keys are what is kept in memory, and the records go by.
found as (
    select distinct k.channel, k.record_id
    from key k join raw_record r on r.channel = k.channel and r.record_id = k.record_id
    where r.reject_reason is null
)
select f.source, f.file, count(*) as facts, sum(case when o.record_id is null then 1 else 0 end) as orphans
from facts_looked_at f left join found o on o.channel = f.channel and o.record_id = f.record_id
where f.record_id is not null
group by f.source, f.file
