-- Ten equal groups of buyers by amount, with their share of sales.
-- A purchase is an order line, a sale on a card, or a purchase in the app; redeemed points and returns are none.
with purchase as (
    select customer_id, coalesce(amount, 0) as amount
    from interaction
    where (event_type = 'purchase' or event_type = 'card_use' and category = 'sale' or event_type = 'app_event' and category = 'purchase') and customer_id is not null and occurred_at <= $as_of
),
buyer as (
    select customer_id, sum(amount) as amount, ntile(10) over (order by sum(amount) desc, customer_id) as decile
    from purchase
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
