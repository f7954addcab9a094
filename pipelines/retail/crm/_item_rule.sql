-- A rule A → B of two items, of one of two kinds: `after`, where B is in the customer's next purchase with items, and `together`, where B is in
-- the same one. Counted are steps (from a purchase to the next) and purchases. Columns `_known` leave the last purchase of every customer
-- with two and more out: they are what was known before it, and what `recommendation_test` may learn from.
-- after: support = steps with A before and B after ÷ all steps; confidence = the same ÷ steps with A before;
-- lift = confidence ÷ (steps with B after ÷ all steps). together: the same over purchases.
with item as (
    select
        item_id,
        count(*) as together,
        sum(case when not is_last then 1 else 0 end) as before,
        sum(case when n > 1 then 1 else 0 end) as after,
        sum(case when not is_last or n = 1 then 1 else 0 end) as together_known,
        sum(case when not is_last and not is_last_but_one then 1 else 0 end) as before_known
    from (select n, is_last, is_last_but_one, unnest(items) as item_id from _item_purchase) i
    group by item_id
),
total as (
    select
        cast(count(*) as double) as together,
        cast(sum(case when not is_last then 1 else 0 end) as double) as after,
        cast(sum(case when not is_last or n = 1 then 1 else 0 end) as double) as together_known,
        cast(sum(case when not is_last and not is_last_but_one then 1 else 0 end) as double) as after_known
    from _item_purchase
),
pair as (
    select kind, item_a, item_b, count(*) as n, sum(known) as n_known, median(cast(days as double)) as median_days
    from (
        select 'together' as kind, item_a, unnest(items) as item_b, case when not is_last or n = 1 then 1 else 0 end as known, cast(null as bigint) as days
        from (select items, n, is_last, is_last_but_one, unnest(items) as item_a from _item_purchase where cardinality(items) > 1) a
        union all
        select 'after' as kind, item_a, unnest(next_items) as item_b, case when not is_last and not is_last_but_one then 1 else 0 end as known, days
        from (select next_items, days, n, is_last, is_last_but_one, unnest(items) as item_a from _item_purchase where not is_last) b
    ) p
    where item_a <> item_b
    group by kind, item_a, item_b
),
name as (
    select item_id, max(item_name) as item_name from _item group by item_id
),
counted as (
    select
        p.*,
        c.item_name as item_name_a,
        d.item_name as item_name_b,
        case p.kind when 'after' then a.before else a.together end as n_a,
        case p.kind when 'after' then b.after else b.together end as n_b,
        case p.kind when 'after' then a.before_known else a.together_known end as n_a_known,
        case p.kind when 'after' then t.after else t.together end as total,
        case p.kind when 'after' then t.after_known else t.together_known end as total_known
    from pair p
    join item a on a.item_id = p.item_a
    join item b on b.item_id = p.item_b
    join name c on c.item_id = p.item_a
    join name d on d.item_id = p.item_b
    cross join total t
)
select
    kind,
    item_a,
    item_b,
    item_name_a,
    item_name_b,
    n as steps,
    n / total as support,
    n / cast(n_a as double) as confidence,
    n * total / n_a / n_b as lift,
    median_days,
    n_known / nullif(total_known, 0) as support_known,
    n_known / nullif(cast(n_a_known as double), 0) as confidence_known
from counted
where n / total >= $minimum_support
