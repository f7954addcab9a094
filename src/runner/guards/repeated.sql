-- Rows of new files that stand, with the same id and the same values, in another file: of an earlier run, or of another source.
-- `fresh` are the rows of new files, `content` those of all files with an id of them.
with other as (
    select c.source, c.hash, n.file is not null as is_new, min(c.file) as first_file, max(c.file) as last_file
    from content c left join new_file n on n.source = c.source and n.file = c.file
    where c.hash in (select hash from fresh)
    group by c.source, c.hash, n.file is not null
),
known as (
    select f.source, f.file, o.source as of_source, count(distinct f.hash) as rows
    from fresh f join other o on o.hash = f.hash and (o.first_file <> f.file or o.last_file <> f.file)
    where o.source <> f.source or not o.is_new
    group by f.source, f.file, o.source
)
select k.source, k.file, k.of_source, k.rows, a.rows as of_rows
from known k join (select source, file, count(distinct hash) as rows from fresh group by source, file) a
    on a.source = k.source and a.file = k.file
