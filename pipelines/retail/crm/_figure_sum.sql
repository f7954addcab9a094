-- Sums over persons of which `error_bar` makes its figures: of everybody, as published, with threshold null; and of a threshold, what its people add
-- and its customers take away. A figure is one of these by another. They are read more than once, and so a table of their own.
with person as (
    select
        cast(null as double) as threshold, 1 as sign, purchases, amount, profit, first_medium, first_purchase_at, last_purchase_at
    from _purchaser
    union all
    select threshold, sign, count(*), sum(amount), sum(profit), max(case when number = 1 then medium end), min(occurred_at), max(occurred_at)
    from _purchase_at
    group by threshold, sign, person
),
cell as (
    select
        threshold,
        first_medium,
        cast(date_trunc('month', to_local_time(first_purchase_at)) as date) as first_month,
        sum(sign) as buyers,
        sum(sign * purchases) as purchases,
        sum(case when purchases >= 2 then sign else 0 end) as repeaters,
        sum(cast(sign as decimal(1, 0)) * amount) as sales,
        sum(cast(sign as decimal(1, 0)) * profit) as profit,
        sum(case when profit is not null then sign else 0 end) as of_profit,
        -- A lifetime is a year at least.
        sum(cast(sign as decimal(1, 0)) * greatest(
            cast(date_part('epoch', last_purchase_at) - date_part('epoch', first_purchase_at) as decimal(20, 6)), cast(31557600 as decimal(20, 6))
        )) as seconds
    from person
    group by threshold, first_medium, cast(date_trunc('month', to_local_time(first_purchase_at)) as date)
),
-- The spend of a medium in a month is a cost where it brought anybody. A threshold adds it, or takes it away, where it is the first or the last one.
won as (
    select
        c.*,
        case when s.amount is null then c.buyers else 0 end as without_spend,
        s.amount * case
            when c.threshold is null then 1
            when coalesce(p.buyers, 0) = 0 and c.buyers > 0 then 1
            when p.buyers > 0 and p.buyers + c.buyers = 0 then -1
            else 0 end as spend
    from cell c
    left join (select * from cell where threshold is null) p
        on c.threshold is not null and p.first_month = c.first_month and (p.first_medium is not distinct from c.first_medium)
    left join medium_spend s on s.medium = c.first_medium and s.month = c.first_month
),
bought as (
    select cast(null as double) as threshold, 1 as sign, month, next_month, purchases, sales, persons, new_persons, f2_persons
    from _kpi_purchase
    union all
    select threshold, sign, month, next_month, count(*), sum(amount), sum(case when next_month > month then 1 else 0 end),
        sum(case when number = 1 then 1 else 0 end), sum(case when is_f2 then 1 else 0 end)
    from _purchase_at
    group by threshold, sign, month, next_month
),
of_month as (
    select
        threshold,
        sum(case when b.month = m.month then cast(sign as decimal(1, 0)) * sales end) as month_sales,
        sum(case when b.month = m.month then sign * purchases end) as month_purchases,
        sum(case when b.month = m.month then sign * persons end) as month_buyers,
        sum(case when b.month between m.month - 11 and m.month then sign * purchases end) as year_purchases,
        sum(case when b.month between m.month - 11 and m.month and b.next_month > m.month then sign * persons end) as active,
        sum(case when b.month between m.month - 24 and m.month - 12 and b.next_month > m.month - 12 then sign * persons end) as left_of,
        sum(case when b.month between m.month - 24 and m.month - 12 and b.next_month > m.month then sign * persons end) as gone,
        sum(case when b.month = m.month_90 then sign * new_persons end) as new,
        sum(case when b.month = m.month_90 then sign * f2_persons end) as f2
    from bought b
    cross join _moment m
    group by threshold
),
item as (
    select cast(null as double) as threshold, 1 as sign, buyers, repeaters from repeat_rate
    union all
    select threshold, sign, 1, case when count(*) >= 2 then 1 else 0 end
    from _item_at
    group by threshold, sign, person, item_id
),
trial as (
    select cast(null as double) as threshold, 1 as sign, first_day, max(case when days_to_main is not null then 1 else 0 end) as stepped_up
    from _trial
    group by customer_id, first_day
    union all
    select threshold, sign, min(first_day), max(case when number > 1 and role = 'main' and day <= first_day + 90 then 1 else 0 end)
    from _item_at
    group by threshold, sign, person
    having bool_or(number = 1 and coalesce(role = 'trial', false)) and not bool_or(number = 1 and coalesce(role = 'main', false))
),
visit as (
    select v.customer_id, v.channel, v.record_id, cast(to_local_time(v.started_at) as date) as day
    from web_visit v
    cross join _moment m
    where v.customer_id is not null
        and cast(to_local_time(v.started_at) as date) >= make_date(cast(m.month_30 / 12 as int), cast(m.month_30 % 12 + 1 as int), 1)
),
visited as (
    select distinct cast(null as double) as threshold, 1 as sign, customer_id as person, day from visit
    union all
    select distinct c.threshold, c.sign, coalesce(a.person, c.person) as person, v.day
    from _customer_at c
    join visit v on v.customer_id = c.customer_id
    left join _identity_at a on a.threshold = c.threshold and a.sign = c.sign and a.channel = v.channel and a.record_id = v.record_id
        and a.customer_id = v.customer_id
),
visitor as (
    select *, date_part('year', day) * 12 + date_part('month', day) - 1 as month, lead(day) over step as next_day, row_number() over step as number
    from visited
    window step as (partition by threshold, sign, person order by day)
),
contract as (
    select c.customer_id, c.channel, c.record_id
    from _contract c
    cross join _moment m
    where c.running and c.month <= m.month and c.next_month > m.month and c.customer_id is not null
),
subscribed as (
    select distinct cast(null as double) as threshold, 1 as sign, customer_id as person from contract
    union all
    select distinct c.threshold, c.sign, coalesce(a.person, c.person) as person
    from _customer_at c
    join contract k on k.customer_id = c.customer_id
    left join _identity_at a on a.threshold = c.threshold and a.sign = c.sign and a.channel = k.channel and a.record_id = k.record_id
        and a.customer_id = k.customer_id
),
part as (
    select cast(null as double) as threshold, 'customers' as part, cast(count(*) as decimal(38, 6)) as value from golden_customer
    union all
    select threshold, 'customers', cast(sum(sign) as decimal(38, 6))
    from (select distinct threshold, sign, person from _identity_at) i
    group by threshold
    union all
    select
        threshold,
        unnest(make_array('buyers', 'purchases', 'repeaters', 'sales', 'profit', 'of_profit', 'spend', 'without_spend', 'seconds')) as part,
        unnest(make_array(
            cast(sum(buyers) as decimal(38, 6)),
            cast(sum(purchases) as decimal(38, 6)),
            cast(sum(repeaters) as decimal(38, 6)),
            cast(sum(sales) as decimal(38, 6)),
            cast(sum(profit) as decimal(38, 6)),
            cast(sum(of_profit) as decimal(38, 6)),
            cast(sum(spend) as decimal(38, 6)),
            cast(sum(without_spend) as decimal(38, 6)),
            cast(sum(seconds) as decimal(38, 6))
        )) as value
    from won
    group by threshold
    union all
    select
        threshold,
        unnest(make_array('month_sales', 'month_purchases', 'month_buyers', 'year_purchases', 'active', 'left_of', 'gone', 'new', 'f2')) as part,
        unnest(make_array(
            cast(month_sales as decimal(38, 6)),
            cast(month_purchases as decimal(38, 6)),
            cast(month_buyers as decimal(38, 6)),
            cast(year_purchases as decimal(38, 6)),
            cast(active as decimal(38, 6)),
            cast(left_of as decimal(38, 6)),
            cast(gone as decimal(38, 6)),
            cast(new as decimal(38, 6)),
            cast(f2 as decimal(38, 6))
        )) as value
    from of_month
    union all
    select
        threshold,
        unnest(make_array('item_buyers', 'item_repeaters')) as part,
        unnest(make_array(
            cast(sum(sign * buyers) as decimal(38, 6)),
            cast(sum(sign * repeaters) as decimal(38, 6))
        )) as value
    from item
    group by threshold
    union all
    select
        threshold,
        unnest(make_array('trial', 'stepped_up')) as part,
        unnest(make_array(
            cast(sum(sign) as decimal(38, 6)),
            cast(sum(sign * stepped_up) as decimal(38, 6))
        )) as value
    from trial
    cross join _moment m
    where date_part('year', first_day) * 12 + date_part('month', first_day) - 1 = m.month_90
    group by threshold
    union all
    select
        threshold,
        unnest(make_array('visitors', 'back')) as part,
        unnest(make_array(
            cast(sum(sign) as decimal(38, 6)),
            cast(sum(case when next_day <= v.day + 30 then sign else 0 end) as decimal(38, 6))
        )) as value
    from visitor v
    cross join _moment m
    where v.number = 1 and v.month = m.month_30
    group by threshold
    union all
    select threshold, 'subscribers', cast(sum(sign) as decimal(38, 6)) from subscribed group by threshold
)
select threshold, part, sum(value) as value from part group by threshold, part
