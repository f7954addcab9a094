-- Ten equal groups of buyers by amount, with their share of sales.
with buyer as (
    select customer_id, amount, ntile(10) over (order by amount desc, customer_id) as decile from _purchaser
),
grouped as (
    select decile, count(*) as customers, sum(amount) as amount from buyer group by decile
)
select
    decile,
    customers,
    amount,
    cast(amount as double) / customers as average_amount,
    -- Of sales of nothing, nobody has a share.
    coalesce(cast(amount as double) / nullif(sum(amount) over (), 0), 0) as share,
    coalesce(cast(sum(amount) over (order by decile) as double) / nullif(sum(amount) over (), 0), 0) as cumulative_share
from grouped
