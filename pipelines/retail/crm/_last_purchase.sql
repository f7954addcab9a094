-- A customer's last purchase, with what says when the next one is to be expected.
select
    customer_id,
    first_value(channel || '/' || purchase order by number desc) as event,
    max(occurred_at) as last_at,
    min(occurred_at) as first_at,
    count(*) as purchases
from purchase
group by customer_id
