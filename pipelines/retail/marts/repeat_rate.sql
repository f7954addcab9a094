-- Of the people who bought an item, how many bought it in two or more purchases.
with bought as (
    select item_id, customer_id, max(item_name) as item_name, count(*) as purchases
    from _purchased_item
    where customer_id is not null
    group by item_id, customer_id
)
select
    item_id,
    max(item_name) as item_name,
    count(*) as buyers,
    sum(case when purchases >= 2 then 1 else 0 end) as repeaters,
    cast(sum(case when purchases >= 2 then 1 else 0 end) as double) / count(*) as repeat_rate
from bought
group by item_id
