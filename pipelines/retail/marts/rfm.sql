-- Recency, frequency, monetary of every buyer; ranks 1 to 5 by fifths, 5 is best.
with buyer as (
    select customer_id, last_purchase_at, purchases as frequency, amount as monetary from _purchaser
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
