-- An item of a purchase, once, also where nobody knows the customer. Purchases are those of purchase.
-- A returned line is no item; a negative line lowers the item of its own order. A sale on a card with its items counts as an order does.
with item as (
    select
        i.customer_id,
        i.channel,
        coalesce(i.transaction_id, i.event_id) as purchase,
        max(case when i.amount is null or i.amount >= 0 then i.occurred_at end) as occurred_at,
        max(i.store_id) as store_id,
        i.item_id,
        max(i.item_name) as item_name,
        sum(case when i.amount < 0 then -abs(coalesce(i.quantity, 1)) else coalesce(i.quantity, 1) end) as quantity,
        cast(coalesce(sum(i.amount), 0) as decimal(20, 4)) as amount
    from interaction i
    left join _receipt r on r.receipt_id = i.receipt_id
    where (i.event_type = 'purchase' or i.event_type = 'card_use' and i.category = 'sale' or i.event_type = 'app_event' and i.category = 'purchase')
        and i.item_id is not null and i.occurred_at <= $as_of
        and (i.status is null or i.status not in ('cancelled', 'provisional', 'returned'))
        and (r.stays is null or i.amount < 0 or starts_with(r.stays, '1')
            or substr(r.stays, 2) = i.channel || ' ' || coalesce(i.transaction_id, i.event_id))
    group by i.customer_id, i.channel, coalesce(i.transaction_id, i.event_id), i.item_id
    having max(case when i.amount is null or i.amount >= 0 then i.occurred_at end) is not null
)
select
    i.customer_id,
    i.channel,
    i.purchase,
    i.occurred_at,
    i.store_id,
    i.item_id,
    coalesce(p.item_name, i.item_name) as item_name,
    i.quantity,
    i.amount,
    p.category_1,
    p.role
from item i
left join (
    select item_id, item_name, role, trim(split_part(category_path, '>', 1)) as category_1 from product
) p on p.item_id = i.item_id
