-- Customers who are others at another threshold, with the person of their first record (by channel and number), to whom goes what the customer has
-- under a number that is not one of its records any more. sign as in `_identity_at`.
select threshold, sign, customer_id, first_value(person order by channel, record_id) as person
from _identity_at
group by threshold, sign, customer_id
