-- How much more than all customers each customer buys items of a category: one row for each who bought one.
-- The category is a path of any depth, such as 食品>飲料>珈琲; each item stands in the category of that depth, or in its whole path where this is
-- shorter. share = purchases with the category ÷ the same summed over the categories of the customer: a purchase with two categories counts in
-- both. index = share ÷ the same of all customers. For a category of depth 1 it is that of `preference`.
with category as (
    select item_id, array_to_string(array_slice(string_to_array(path, '>'), 1, $depth), '>') as category
    from (select item_id, regexp_replace(trim(category_path), '\s*>\s*', '>', 'g') as path from product) p
    where path <> ''
),
bought as (
    select i.customer_id, c.category, i.channel, i.purchase
    from _item i
    join category c on c.item_id = i.item_id
    where i.customer_id is not null
    group by i.customer_id, c.category, i.channel, i.purchase
),
customer as (
    select customer_id, count(case when category = $category then 1 end) as purchases, count(*) as all_purchases
    from bought
    group by customer_id
),
shared as (
    select
        customer_id,
        purchases,
        purchases / cast(all_purchases as double) as share,
        cast(sum(purchases) over () as double) / cast(sum(all_purchases) over () as double) as share_of_all
    from customer
)
select customer_id, purchases, share / share_of_all as index
from shared
where purchases > 0
