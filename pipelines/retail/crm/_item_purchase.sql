-- A purchase with items of a known customer: the n-th of the last_n that the customer has, with the items of the one after it and the days until
-- then. Purchases without items do not count here.
select
    customer_id,
    items,
    cast(row_number() over next as bigint) as n,
    count(*) over (
        partition by customer_id order by occurred_at, channel, purchase rows between unbounded preceding and unbounded following
    ) as last_n,
    lead(items) over next as next_items,
    cast(lead(occurred_at) over next as date) - cast(occurred_at as date) as days
from (
    select customer_id, channel, purchase, array_agg(item_id) as items, max(occurred_at) as occurred_at
    from _item
    where customer_id is not null
    group by customer_id, channel, purchase
) p
window next as (partition by customer_id order by occurred_at, channel, purchase)
