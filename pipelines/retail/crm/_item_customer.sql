-- A customer who bought items: what was bought, and what the last purchase had. Columns `_known` leave the last purchase out, where there are two
-- and more, and `held_out` is what it had. At most eight items of a purchase, the first in order of item, lead to others: the cost has a bound.
select
    customer_id,
    array_distinct(flatten(array_agg(items))) as bought,
    array_distinct(flatten(array_agg(items) filter (where not is_last))) as bought_known,
    array_slice(array_sort(flatten(array_agg(items) filter (where is_last))), 1, 8) as latest,
    array_slice(array_sort(flatten(array_agg(items) filter (where is_last_but_one))), 1, 8) as latest_known,
    flatten(array_agg(items) filter (where is_last and n > 1)) as held_out
from _item_purchase
group by customer_id
