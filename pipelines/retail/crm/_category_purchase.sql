-- In how many purchases a customer bought items of a category, and for how much. Items without a category do not count.
select customer_id, category, count(*) as purchases, sum(amount) as amount
from (
    select customer_id, category_1 as category, channel, purchase, sum(amount) as amount
    from _item
    where customer_id is not null and category_1 <> ''
    group by customer_id, category_1, channel, purchase
) p
group by customer_id, category
