-- An item of an order or of a purchase in the app, once, also where nobody knows the customer.
select customer_id, channel, coalesce(transaction_id, event_id) as purchase, item_id, max(item_name) as item_name
from interaction
where (event_type = 'purchase' or event_type = 'app_event' and category = 'purchase') and item_id is not null and occurred_at <= $as_of
group by customer_id, channel, coalesce(transaction_id, event_id), item_id
