-- Customers by the set of channels that they use.
-- A purchase is an order line, a sale on a card, or a purchase in the app; redeemed points and returns are none.
with bought as (
    select customer_id, sum(coalesce(amount, 0)) as amount
    from interaction
    where (event_type = 'purchase' or event_type = 'card_use' and category = 'sale' or event_type = 'app_event' and category = 'purchase') and customer_id is not null and occurred_at <= $as_of
    group by customer_id
)
select
    array_to_string(g.channels, '+') as channels,
    count(*) as customers,
    count(*) / cast(sum(count(*)) over () as double) as share,
    count(b.customer_id) as buyers,
    coalesce(sum(b.amount), 0) as amount
from golden_customer g
left join bought b on b.customer_id = g.customer_id
group by array_to_string(g.channels, '+')
