-- Items of the purchases of _purchase_at, with the day of the person's first purchase.
select c.threshold, c.sign, c.person, c.number, c.day, c.first_day, i.item_id, i.role
from (select *, min(day) over (partition by threshold, sign, person) as first_day from _purchase_at) c
join _item i on i.customer_id = c.customer_id and i.channel = c.channel and i.purchase = c.purchase
