-- A purchase of a customer: an order, a sale on a card, or a purchase in the app. Redeemed points and returns are none.
select customer_id, channel, coalesce(transaction_id, event_id) as purchase, max(occurred_at) as occurred_at, sum(coalesce(amount, 0)) as amount
from interaction
where (event_type = 'purchase' or event_type = 'card_use' and category = 'sale' or event_type = 'app_event' and category = 'purchase')
    and customer_id is not null and occurred_at <= $as_of
group by customer_id, channel, coalesce(transaction_id, event_id)
