-- A customer who bought: what most analyses ask of all purchases, found in one pass over them.
select
    customer_id,
    count(*) as purchases,
    sum(amount) as amount,
    min(occurred_at) as first_purchase_at,
    max(occurred_at) as last_purchase_at
from _purchase
group by customer_id
