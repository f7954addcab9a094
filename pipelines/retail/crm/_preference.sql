-- The three categories of which a customer buys most, by purchases: the rows of `preference`, also where no product is mapped (then none).
with shared as (
    select
        *,
        purchases / cast(sum(purchases) over (partition by customer_id) as double) as share
    from _category_purchase
),
everybody as (
    select category, sum(purchases) / cast(sum(sum(purchases)) over () as double) as share from _category_purchase group by category
),
ranked as (
    select
        s.customer_id,
        s.category,
        s.purchases,
        s.amount,
        s.share,
        e.share as share_of_all,
        s.share / e.share as index,
        row_number() over (partition by s.customer_id order by s.purchases desc, s.share / e.share desc, s.category) as rank
    from shared s
    join everybody e on e.category = s.category
)
select customer_id, rank, category, purchases, amount, share, share_of_all, index from ranked where rank <= 3
