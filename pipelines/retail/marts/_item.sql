-- An item of a purchase, once, also where nobody knows the customer. Purchases are those of purchase.
-- A returned line is no item; a negative line lowers the item of its own order. A sale on a card with its items counts as an order does.
with item as (
    select
        s.customer_id,
        s.channel,
        s.purchase,
        max(case when s.amount is null or s.amount >= 0 then s.occurred_at end) as occurred_at,
        max(s.store_id) as store_id,
        s.item_id,
        max(s.item_name) as item_name,
        sum(case when s.amount < 0 then -abs(coalesce(s.quantity, 1)) else coalesce(s.quantity, 1) end) as quantity,
        cast(coalesce(sum(s.amount), 0) as decimal(20, 4)) as amount
    from _sale s
    left join _receipt r on r.receipt_id = s.receipt_id
    where not s.is_return and s.item_id is not null
        and (s.status is null or s.status not in ('cancelled', 'provisional', 'returned'))
        and (r.stays is null or s.amount < 0 or starts_with(r.stays, '1') or substr(r.stays, 2) = s.channel || ' ' || s.purchase)
    group by s.customer_id, s.channel, s.purchase, s.item_id
    having max(case when s.amount is null or s.amount >= 0 then s.occurred_at end) is not null
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
