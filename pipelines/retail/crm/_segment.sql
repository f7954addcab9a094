-- The segments of every buyer: now, and one month before $as_of by the purchases up to then. Columns that end in _then are null for who had not
-- bought by then: see _buyer, which has the sums.
-- rfm: the ranks r, f, m of the mart rfm, written one after the other. decile: as there.
-- cpm: 初回客 bought once; よちよち客 less than $cpm_young_days from first to last purchase; コツコツ客 longer, for less than $cpm_amount;
-- 流行客 for so much in less than $cpm_loyal_days; 優良客 for so much over a longer time. cpm_active: 現役, the last purchase is less than
-- $cpm_left_days ago, else 離脱.
with ranked as (
    select
        *,
        cast(to_local_time($as_of) as date) - cast(to_local_time(last_at) as date) as since,
        cast(to_local_time(last_at) as date) - cast(to_local_time(first_at) as date) as tenure,
        cast(to_local_time(cast($as_of as timestamp with time zone) - interval '1 month') as date) - cast(to_local_time(last_then) as date) as since_then,
        cast(to_local_time(last_then) as date) - cast(to_local_time(first_at) as date) as tenure_then,
        least(5, 1 + cast(floor(5 * percent_rank() over (order by last_at)) as int)) as r,
        least(5, 1 + cast(floor(5 * percent_rank() over (order by purchases)) as int)) as f,
        least(5, 1 + cast(floor(5 * percent_rank() over (order by amount)) as int)) as m,
        ntile(10) over (order by amount desc, customer_id) as decile,
        least(5, 1 + cast(floor(5 * percent_rank() over (partition by last_then is null order by last_then)) as int)) as r_then,
        least(5, 1 + cast(floor(5 * percent_rank() over (partition by last_then is null order by purchases_then)) as int)) as f_then,
        least(5, 1 + cast(floor(5 * percent_rank() over (partition by last_then is null order by amount_then)) as int)) as m_then,
        ntile(10) over (partition by last_then is null order by amount_then desc, customer_id) as decile_then
    from _buyer
)
select
    customer_id,
    concat(r, f, m) as rfm,
    cast(decile as int) as decile,
    case
        when purchases = 1 then '初回客'
        when tenure < $cpm_young_days then 'よちよち客'
        when amount < $cpm_amount then 'コツコツ客'
        when tenure < $cpm_loyal_days then '流行客'
        else '優良客'
    end as cpm,
    since < $cpm_left_days as cpm_active,
    case when last_then is not null then concat(r_then, f_then, m_then) end as rfm_then,
    case when last_then is not null then cast(decile_then as int) end as decile_then,
    case
        when last_then is null then null
        when purchases_then = 1 then '初回客'
        when tenure_then < $cpm_young_days then 'よちよち客'
        when amount_then < $cpm_amount then 'コツコツ客'
        when tenure_then < $cpm_loyal_days then '流行客'
        else '優良客'
    end as cpm_then,
    since_then < $cpm_left_days as cpm_active_then,
    purchases,
    amount,
    since,
    tenure
from ranked
