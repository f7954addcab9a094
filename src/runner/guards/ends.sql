-- Why the last row of a new file could not be read; null where it could.
select source, file, last_value(reject_reason order by line) as reject_reason
from (
    select r.source, r.file, r.line, r.reject_reason
    from raw_record r join new_file n on n.source = r.source and n.file = r.file
    union all
    select e.source, e.file, e.line, e.reject_reason
    from raw_event e join new_file n on n.source = e.source and n.file = e.file
)
group by source, file
