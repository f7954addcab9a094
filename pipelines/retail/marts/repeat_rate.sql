-- Of the people who bought an item, how many bought it in two or more purchases.
with purchase as (
    select item_id, customer_id, coalesce(transaction_id, event_id) as purchase, max(item_name) as item_name
    from interaction
    where (event_type = 'purchase' or event_type = 'app_event' and category = 'purchase') and customer_id is not null and item_id is not null and occurred_at <= $as_of
    group by item_id, customer_id, coalesce(transaction_id, event_id)
),
bought as (
    select item_id, customer_id, max(item_name) as item_name, count(*) as purchases from purchase group by item_id, customer_id
)
select
    item_id,
    max(item_name) as item_name,
    count(*) as buyers,
    sum(case when purchases >= 2 then 1 else 0 end) as repeaters,
    cast(sum(case when purchases >= 2 then 1 else 0 end) as double) / count(*) as repeat_rate
from bought
group by item_id
