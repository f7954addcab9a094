-- Of new files whose rows come in order of the id: which share of the source's other rows has a greater id than the last.
with fresh as (
    select r.source, r.file, r.record_id,
        lag(r.record_id) over (partition by r.source, r.file order by r.line) as before
    from raw_record r join new_file n on n.source = r.source and n.file = r.file
    where r.reject_reason is null
),
in_order as (
    select source, file, count(*) as rows, max(record_id) as greatest
    from fresh
    group by source, file
    having sum(case when record_id < before then 1 else 0 end) = 0
)
select i.source, i.file, max(i.rows) as rows,
    avg(case when r.record_id > i.greatest then 1.0 else 0.0 end) as beyond
from in_order i
join raw_record r on r.source = i.source
left join new_file n on n.source = r.source and n.file = r.file
where n.file is null and r.reject_reason is null
group by i.source, i.file
