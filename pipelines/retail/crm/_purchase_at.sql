-- Purchases of people who are others at another threshold, twice: sign -1 as those of the customers who go, sign 1 as those of the people who come.
-- Which purchases there are, and what returns lower, is as published. number, months and is_f2 are those of the person, as in `purchase` and
-- `_kpi_purchase`; months are counted from year 0, who has not bought again is in month 99999.
with owned as (
    select
        c.threshold,
        c.sign,
        coalesce(a.person, c.person) as person,
        p.customer_id,
        p.channel,
        p.purchase,
        p.occurred_at,
        p.medium,
        p.amount,
        p.net - p.cost - coalesce(p.shipping_cost, 0) as profit
    from _customer_at c
    join purchase p on p.customer_id = c.customer_id
    left join _identity_at a on a.threshold = c.threshold and a.sign = c.sign and a.channel = p.channel and a.record_id = p.record_id
        and a.customer_id = p.customer_id
),
placed as (
    select
        *,
        row_number() over step as number,
        cast(to_local_time(occurred_at) as date) as day,
        cast(to_local_time(lead(occurred_at) over step) as date) as next_day
    from owned
    window step as (partition by threshold, sign, person order by occurred_at, channel, purchase)
)
select
    *,
    cast(date_part('year', day) * 12 + date_part('month', day) - 1 as int) as month,
    coalesce(cast(date_part('year', next_day) * 12 + date_part('month', next_day) - 1 as int), 99999) as next_month,
    coalesce(number = 1 and next_day - day <= 90, false) as is_f2
from placed
