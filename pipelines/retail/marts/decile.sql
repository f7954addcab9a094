-- Ten equal groups of buyers by amount, with their share of sales.
with buyer as (
    select customer_id, sum(amount) as amount, ntile(10) over (order by sum(amount) desc, customer_id) as decile
    from _purchase
    group by customer_id
),
grouped as (
    select decile, count(*) as customers, sum(amount) as amount from buyer group by decile
)
select
    decile,
    customers,
    amount,
    amount / customers as average_amount,
    amount / nullif(sum(amount) over (), 0) as share,
    sum(amount) over (order by decile) / nullif(sum(amount) over (), 0) as cumulative_share
from grouped
