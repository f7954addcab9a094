-- ja: 主要な数字と、名寄せの閾値を変えた場合の範囲
-- en: headline figures with their error bars over the thresholds of identity
-- key: figure
-- column: figure | text | 指標 | figure | plain
-- column: value | double? | 公表した名寄せでの値 | by the identity that is published | plain
-- column: low | double? | 範囲の下限 | lowest over the thresholds | plain
-- column: high | double? | 範囲の上限 | highest over the thresholds | plain
-- column: low_at | double? | 下限になる閾値（公表値ならNULL） | threshold of the lowest; null where it is the published one | plain
-- column: high_at | double? | 上限になる閾値（公表値ならNULL） | threshold of the highest; null where it is the published one | plain
-- column: thresholds | long | 比べた閾値の数 | thresholds that give other people | plain
--
-- 閾値 auto を review から 0.95 まで動かしたとき、顧客ごとの数字がどれだけ動くか。名寄せが変わる顧客だけを数え直す。
-- How far figures per customer move where the threshold `auto` is any of those from `review` up to 0.95. Only customers whose records would be
-- other people are counted again. Which purchases there are, and what returns lower, is as with the published identity.
--   customers            customers
--   buyers               customers with a purchase
--   purchases_per_buyer  purchases ÷ buyers
--   f2_rate              buyers with two and more purchases ÷ buyers
--   sales_per_buyer      sales ÷ buyers, in yen
--   lapse_rate           buyers of the months t−24 to t−12 without a purchase since ÷ those buyers (離脱率); t is the month of the run, as far
--                        as it has come, as in kpi; null where the first purchase of all is later than month t−24
with buyer as (
    select
        cast(null as double) as threshold,
        customer_id as person,
        count(*) as purchases,
        sum(amount) as amount,
        max(occurred_at) as last_at,
        bool_or(occurred_at >= date_trunc('month', cast($as_of as timestamp with time zone)) - interval '24 months' and occurred_at < date_trunc('month', cast($as_of as timestamp with time zone)) - interval '11 months') as of_window
    from purchase
    group by customer_id
),
touched as (
    select distinct a.threshold, m.customer_id
    from identity_at_threshold a
    join id_map m on m.channel = a.channel and m.record_id = a.record_id
    where m.valid_to is null
),
-- Those whom a threshold touches go, and come back as the people of that threshold.
counted as (
    select threshold, purchases, amount, last_at, of_window, 1 as sign from buyer
    union all
    select t.threshold, b.purchases, b.amount, b.last_at, b.of_window, -1 from touched t join buyer b on b.person = t.customer_id
    union all
    select
        a.threshold,
        count(*),
        sum(p.amount),
        max(p.occurred_at),
        bool_or(p.occurred_at >= date_trunc('month', cast($as_of as timestamp with time zone)) - interval '24 months' and p.occurred_at < date_trunc('month', cast($as_of as timestamp with time zone)) - interval '11 months'),
        1
    from identity_at_threshold a
    join purchase p on p.channel = a.channel and p.record_id = a.record_id
    group by a.threshold, a.person
),
summed as (
    select
        threshold,
        sum(sign) as buyers,
        sum(sign * purchases) as purchases,
        sum(cast(sign as decimal(1, 0)) * amount) as amount,
        sum(case when purchases >= 2 then sign else 0 end) as repeaters,
        sum(case when of_window then sign else 0 end) as of_window,
        sum(case when of_window and last_at < date_trunc('month', cast($as_of as timestamp with time zone)) - interval '11 months' then sign else 0 end) as lapsed
    from counted
    group by threshold
),
people as (
    select threshold, sum(n) as customers
    from (
        select cast(null as double) as threshold, count(*) as n from golden_customer
        union all
        select threshold, -count(*) from touched group by threshold
        union all
        select threshold, count(distinct person) from identity_at_threshold group by threshold
    )
    group by threshold
),
-- What a threshold changes is added to what the run has.
whole as (
    select
        p.threshold,
        p.customers + case when p.threshold is null then 0 else r.customers end as customers,
        coalesce(s.buyers, 0) + case when p.threshold is null then 0 else r.buyers end as buyers,
        coalesce(s.purchases, 0) + case when p.threshold is null then 0 else r.purchases end as purchases,
        coalesce(s.amount, 0) + case when p.threshold is null then 0 else r.amount end as amount,
        coalesce(s.repeaters, 0) + case when p.threshold is null then 0 else r.repeaters end as repeaters,
        coalesce(s.of_window, 0) + case when p.threshold is null then 0 else r.of_window end as of_window,
        coalesce(s.lapsed, 0) + case when p.threshold is null then 0 else r.lapsed end as lapsed
    from people p
    left join summed s on s.threshold is not distinct from p.threshold
    cross join (
        select q.customers, coalesce(t.buyers, 0) as buyers, coalesce(t.purchases, 0) as purchases, coalesce(t.amount, 0) as amount,
            coalesce(t.repeaters, 0) as repeaters, coalesce(t.of_window, 0) as of_window, coalesce(t.lapsed, 0) as lapsed
        from people q
        left join summed t on t.threshold is null
        where q.threshold is null
    ) r
),
measured as (
    select
        f.figure,
        w.threshold,
        case f.figure
            when 'customers' then cast(w.customers as double)
            when 'buyers' then cast(w.buyers as double)
            when 'purchases_per_buyer' then cast(w.purchases as double) / nullif(w.buyers, 0)
            when 'f2_rate' then cast(w.repeaters as double) / nullif(w.buyers, 0)
            when 'sales_per_buyer' then cast(w.amount as double) / nullif(w.buyers, 0)
            else case when d.reaches_back then cast(w.lapsed as double) / nullif(w.of_window, 0) end
        end as value
    from whole w
    cross join (
        values ('customers'), ('buyers'), ('purchases_per_buyer'), ('f2_rate'), ('sales_per_buyer'), ('lapse_rate')
    ) f(figure)
    cross join (
        select min(occurred_at) < date_trunc('month', cast($as_of as timestamp with time zone)) - interval '23 months' as reaches_back from purchase
    ) d
)
select
    figure,
    max(case when threshold is null then value end) as value,
    min(value) as low,
    max(value) as high,
    first_value(threshold order by value, threshold nulls first) as low_at,
    first_value(threshold order by value desc, threshold nulls first) as high_at,
    count(threshold) as thresholds
from measured
group by figure
