-- A receipt that several checkouts of known customers share, such as an order and the card sale of the same till, and which of them stays as
-- the purchase: one with items (its `stays` begins with 0), else (1) the first by channel and number.
-- What holds of it holds of the checkout: where the order is cancelled, the card sale is no purchase either. Negative lines are not asked.
select
    receipt_id,
    min(case when item_id is null then '1' else '0' end || channel || ' ' || coalesce(transaction_id, event_id)) as stays
from interaction
where receipt_id is not null and customer_id is not null and occurred_at <= $as_of and (amount is null or amount >= 0)
    and (event_type = 'purchase' or event_type = 'card_use' and category = 'sale' or event_type = 'app_event' and category = 'purchase')
group by receipt_id
having min(channel || ' ' || coalesce(transaction_id, event_id)) <> max(channel || ' ' || coalesce(transaction_id, event_id))
