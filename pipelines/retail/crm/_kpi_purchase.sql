-- Purchases by month and by the month in which the same person bought next: all that the rates by month need, in a table that does not grow
-- with the customers. Months are counted from year 0; one who has not bought again is in month 99999. `persons` are those whose last purchase
-- of the month it is.
with step as (
    select
        b.first_channel,
        b.first_medium,
        cast(date_part('year', to_local_time(p.occurred_at)) * 12 + date_part('month', to_local_time(p.occurred_at)) - 1 as int) as month,
        coalesce(cast(date_part('year', to_local_time(p.next_occurred_at)) * 12 + date_part('month', to_local_time(p.next_occurred_at)) - 1 as int), 99999) as next_month,
        p.number = 1 as is_new,
        p.number = 1 and cast(to_local_time(p.next_occurred_at) as date) - cast(to_local_time(p.occurred_at) as date) <= 90 as is_f2,
        p.amount
    from purchase p
    join _purchaser b on b.customer_id = p.customer_id
)
select
    first_channel,
    first_medium,
    month,
    next_month,
    count(*) as purchases,
    sum(amount) as sales,
    sum(case when next_month > month then 1 else 0 end) as persons,
    sum(case when is_new then 1 else 0 end) as new_persons,
    sum(case when is_f2 then 1 else 0 end) as f2_persons
from step
group by first_channel, first_medium, month, next_month
