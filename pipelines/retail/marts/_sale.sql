-- A line of a checkout up to the run's time, as it was recorded, also of nobody known: of an order, of a sale or a return on a card, of a
-- purchase in the app. What marts of purchases read, found in one pass over all facts. Which of these are purchases says `purchase`.
-- purchase: the transaction, or the event where it has none. is_return: whether it is a return on a card.
select
    customer_id,
    channel,
    coalesce(transaction_id, event_id) as purchase,
    record_id,
    occurred_at,
    store_id,
    medium,
    receipt_id,
    recipient,
    item_id,
    item_name,
    quantity,
    amount,
    tax,
    discount,
    points_used,
    shipping_charged,
    shipping_cost,
    coupon_id,
    status,
    event_type = 'card_use' and category = 'return' as is_return
from interaction
where (event_type = 'purchase' or event_type = 'card_use' and category in ('sale', 'return') or event_type = 'app_event' and category = 'purchase')
    and occurred_at <= $as_of
