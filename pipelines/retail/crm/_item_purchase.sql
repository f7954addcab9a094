-- A purchase with items of a known customer: the n-th that the customer has, whether it is the last one (is_last) or the one before it
-- (is_last_but_one), with the items of the one after it and the days until then. Purchases without items do not count here.
with step as (
    select
        customer_id,
        channel,
        purchase,
        occurred_at,
        items,
        row_number() over next as n,
        lead(items) over next as next_items,
        lead(occurred_at) over next as next_at
    from (
        select customer_id, channel, purchase, array_agg(item_id) as items, max(occurred_at) as occurred_at
        from _item
        where customer_id is not null
        group by customer_id, channel, purchase
    ) p
    window next as (partition by customer_id order by occurred_at, channel, purchase)
)
select
    customer_id,
    items,
    cast(n as bigint) as n,
    next_at is null as is_last,
    coalesce(lead(next_at is null) over (partition by customer_id order by occurred_at, channel, purchase), false) as is_last_but_one,
    next_items,
    cast(next_at as date) - cast(occurred_at as date) as days
from step
