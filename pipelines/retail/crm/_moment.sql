-- The last month that is over on the day of the run, and those that are over for 30 and for 90 days: what `error_bar` shows of months. Counted from
-- year 0.
select
    cast(date_part('year', day) * 12 + date_part('month', day) - 2 as int) as month,
    cast(date_part('year', day - 30) * 12 + date_part('month', day - 30) - 2 as int) as month_30,
    cast(date_part('year', day - 90) * 12 + date_part('month', day - 90) - 2 as int) as month_90
from (select cast(to_local_time($as_of) as date) + 1 as day)
