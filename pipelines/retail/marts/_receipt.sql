-- A receipt that several checkouts of known customers share, such as an order and the card sale of the same till, and which of them stays as
-- the purchase: one with items (its `stays` begins with 0), else (1) the first by channel and number.
-- What holds of it holds of the checkout: where the order is cancelled, the card sale is no purchase either. Negative lines are not asked; which
-- purchase they lower says _return.
with line as (
    select receipt_id, channel || ' ' || purchase as checkout, item_id
    from _sale
    where receipt_id is not null and customer_id is not null and not is_return and (amount is null or amount >= 0)
)
select receipt_id, min(case when item_id is null then '1' else '0' end || checkout) as stays
from line
-- Most receipts have one line, and texts are compared of the others alone.
where receipt_id in (select receipt_id from line group by receipt_id having count(*) > 1)
group by receipt_id
having min(checkout) <> max(checkout)
