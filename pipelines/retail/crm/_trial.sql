-- A person whose first purchase had a trial item and no main item: each trial item of it, and whether a main item was bought within 90 days.
-- Roles are those of the product master. The day of the first purchase is day 0; a later purchase on day 90 still counts.
with role as (
    select customer_id, channel, purchase, item_id, item_name, role, cast(to_local_time(occurred_at) as date) as day
    from _item
    where role in ('trial', 'main') and customer_id is not null
),
first as (
    select f.customer_id, f.first_day, r.item_id, r.item_name, r.role
    from role r
    join (
        select customer_id, channel, purchase, cast(to_local_time(occurred_at) as date) as first_day from purchase where number = 1
    ) f on f.customer_id = r.customer_id and f.channel = r.channel and f.purchase = r.purchase
),
main as (
    select r.customer_id, r.day
    from role r
    where r.role = 'main'
)
select
    f.customer_id,
    f.item_id,
    max(f.item_name) as item_name,
    max(f.first_day) as first_day,
    min(case when m.day <= f.first_day + 90 then m.day - f.first_day end) as days_to_main
from first f
left join main m on m.customer_id = f.customer_id
left join (select distinct customer_id from first where role = 'main') e on e.customer_id = f.customer_id
where f.role = 'trial' and e.customer_id is null
group by f.customer_id, f.item_id
