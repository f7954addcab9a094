-- The middle time of the rows that are looked at, microseconds: of facts when they happened, of records when they were seen last.
select source, file, count(*) as rows, cast(median(cast(t as bigint)) as bigint) as middle
from (
    select source, file, observed_at as t from looked_at
    union all
    select source, file, occurred_at as t from facts_looked_at
)
where t is not null
group by source, file
