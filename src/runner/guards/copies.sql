-- Of the ids of the file before the last, those that stand in the last: nearly all where a source sends all of its rows each time.
with id as (
    select distinct r.source, r.file, r.record_id as id, r.file = l.last as is_last
    from raw_record r join last_two l on l.source = r.source and (r.file = l.one or r.file = l.last)
    where r.reject_reason is null
    union all
    select distinct e.source, e.file, e.event_id as id, e.file = l.last as is_last
    from raw_event e join last_two l on l.source = e.source and (e.file = l.one or e.file = l.last)
    where e.reject_reason is null
)
select o.source, count(*) as ids, count(n.id) as same
from (select source, id from id where not is_last) o
left join (select source, id from id where is_last) n on n.source = o.source and n.id = o.id
group by o.source
