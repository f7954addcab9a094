-- An item of a purchase, once, whoever bought it: what lies in a basket.
select channel, purchase, item_id, max(item_name) as item_name
from _purchased_item
group by channel, purchase, item_id
