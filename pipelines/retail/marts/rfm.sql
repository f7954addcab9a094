-- Recency, frequency, monetary of every buyer; ranks 1 to 5 by fifths, 5 is best.
-- A purchase is an order line, a sale on a card, or a purchase in the app; redeemed points and returns are none.
with purchase as (
    select customer_id, channel, coalesce(transaction_id, event_id) as purchase, max(occurred_at) as occurred_at, sum(coalesce(amount, 0)) as amount
    from interaction
    where (event_type = 'purchase' or event_type = 'card_use' and category = 'sale' or event_type = 'app_event' and category = 'purchase') and customer_id is not null and occurred_at <= $as_of
    group by customer_id, channel, coalesce(transaction_id, event_id)
),
buyer as (
    select
        customer_id,
        max(occurred_at) as last_purchase_at,
        count(*) as frequency,
        sum(amount) as monetary
    from purchase
    group by customer_id
)
select
    customer_id,
    last_purchase_at,
    cast(date_part('epoch', $as_of) - date_part('epoch', last_purchase_at) as bigint) / 86400 as recency_days,
    frequency,
    monetary,
    -- Equal values share a rank: the share of buyers who are no better decides, not the order of rows.
    least(5, 1 + cast(floor(5 * percent_rank() over (order by last_purchase_at)) as int)) as r,
    least(5, 1 + cast(floor(5 * percent_rank() over (order by frequency)) as int)) as f,
    least(5, 1 + cast(floor(5 * percent_rank() over (order by monetary)) as int)) as m,
    ntile(10) over (order by monetary desc, customer_id) as decile
from buyer
