-- ja: 主要な数字と、名寄せの閾値を変えた場合の範囲
-- en: headline figures with their error bars over the thresholds of identity
-- key: figure
-- restated: value
-- column: figure | text | 指標 | figure | plain
-- column: month | date? | 対象月（1日の日付。全期間ならNULL） | month of the figure, as its first day; null where it is over all time | plain
-- column: value | double? | 公表した名寄せでの値 | by the identity that is published | plain
-- column: low | double? | 範囲の下限 | lowest over the thresholds | plain
-- column: high | double? | 範囲の上限 | highest over the thresholds | plain
-- column: low_at | double? | 下限になる閾値（公表値ならNULL） | threshold of the lowest; null where it is the published one | plain
-- column: high_at | double? | 上限になる閾値（公表値ならNULL） | threshold of the highest; null where it is the published one | plain
-- column: thresholds | long | 比べた閾値の数 | thresholds that give other people | plain
-- 定義: 閾値 auto を review から 0.95 まで動かしたときの、主要な数字の範囲。名寄せが変わる顧客だけを数え直す。購入と返品の計上先は公表した名寄せのもの。
-- 定義: going_on = 2回以上の購入者 ÷ 購入者数。repeat_rate = 全商品で、2回以上買った人 ÷ 買った人。ltv_ratio = 全購入者の購買価値 ÷ 全購入者のコスト。
-- 定義: ltv_sales・ltv_profit は平均。月のある数字は kpi の全体と同じ定義。終わった最後の月、F2転換率と引き上げ率は90日、再訪率は30日を経た最後の月。
-- How far figures per customer move where the threshold `auto` is any of those from `review` up to 0.95. Only customers whose records would be
-- other people are counted again. Which purchases there are, and what returns lower, is as with the published identity.
-- Over all time:
--   customers            customers
--   buyers               customers with a purchase
--   purchases_per_buyer  purchases ÷ buyers
--   going_on             buyers with two and more purchases ÷ buyers: going_on of order_stage, F1
--   repeat_rate          over all items: buyers of an item with two and more purchases of it ÷ buyers of an item: repeaters ÷ buyers of repeat_rate
--   ltv_ratio            gross_value ÷ cost of `ltv`, each summed over all buyers: what they brought by what winning and keeping them cost
--   ltv_sales            mean of ltv_sales: sales ÷ buyers, in yen
--   ltv_profit           mean of ltv_profit over the buyers who have one, in yen
-- Of the last month that is over, as kpi has them of everybody: sales_per_person (客単価), average_purchase (平均購買単価), purchases_per_year
-- (年間利用回数), churn_rate (離脱率), subscription_rate (定期購入率), fee_churn_rate (解約率). Of the last month that is over for 90 days:
-- f2_rate (F2転換率), step_up_rate (引き上げ率); for 30 days: revisit_rate (再訪率). A fee is the contract's, whoever holds it: the bar of fee_churn_rate has no length.
with step as (
    select cast(null as double) as threshold
    union all
    select threshold from _identity_at group by threshold
),
whole as (
    select n.threshold, b.part, cast(coalesce(b.value, 0) + coalesce(d.value, 0) as double) as value
    from step n
    cross join (select part, sum(case when threshold is null then value end) as value from _figure_sum group by part) b
    left join _figure_sum d on d.part = b.part and d.threshold = n.threshold
),
counted as (
    select threshold, part, value from whole
    union all
    select
        threshold,
        'cost',
        coalesce(max(case when part = 'spend' then value end), 0) + $acquisition_cost * max(case when part = 'without_spend' then value end)
            + $retention_cost * max(case when part = 'seconds' then value end) / 31557600
    from whole
    group by threshold
    union all
    select threshold, 'one', 1 from whole group by threshold
),
-- since: months that the purchases have to go back from the month, as in kpi.
figure as (
    select f.figure, f.top, f.bottom, f.since, case f.age when 0 then m.month when 30 then m.month_30 when 90 then m.month_90 end as month
    from (
        values
            ('customers', 'customers', 'one', null, null),
            ('buyers', 'buyers', 'one', null, null),
            ('purchases_per_buyer', 'purchases', 'buyers', null, null),
            ('going_on', 'repeaters', 'buyers', null, null),
            ('repeat_rate', 'item_repeaters', 'item_buyers', null, null),
            ('ltv_ratio', 'sales', 'cost', null, null),
            ('ltv_sales', 'sales', 'buyers', null, null),
            ('ltv_profit', 'profit', 'of_profit', null, null),
            ('sales_per_person', 'month_sales', 'month_buyers', null, 0),
            ('average_purchase', 'month_sales', 'month_purchases', null, 0),
            ('purchases_per_year', 'year_purchases', 'active', 11, 0),
            ('churn_rate', 'gone', 'left_of', 24, 0),
            ('subscription_rate', 'subscribers', 'active', null, 0),
            ('f2_rate', 'f2', 'new', null, 90),
            ('step_up_rate', 'stepped_up', 'trial', null, 90),
            ('revisit_rate', 'back', 'visitors', null, 30)
    ) f(figure, top, bottom, since, age)
    cross join _moment m
),
measured as (
    select
        f.figure,
        f.month,
        n.threshold,
        case
            when f.since is not null and coalesce(k.first_month + f.since > f.month, true) then null
            when f.figure = 'subscription_rate' and not k.any_contract then null
            when f.figure = 'subscription_rate' then coalesce(o.value, 0) / nullif(d.value, 0)
            else o.value / nullif(d.value, 0)
        end as value
    from figure f
    cross join step n
    cross join (select (select min(month) from _kpi_purchase) as first_month, (select count(*) > 0 from _contract) as any_contract) k
    left join counted o on o.part = f.top and o.threshold is not distinct from n.threshold
    left join counted d on d.part = f.bottom and d.threshold is not distinct from n.threshold
    union all
    select 'fee_churn_rate', m.month, n.threshold, c.fee_churn_rate
    from _moment m
    cross join step n
    left join (select * from kpi where segment_by = 'all') c
        on c.month = make_date(cast(m.month / 12 as int), cast(m.month % 12 + 1 as int), 1)
)
select
    figure,
    make_date(cast(max(month) / 12 as int), cast(max(month) % 12 + 1 as int), 1) as month,
    max(case when threshold is null then value end) as value,
    min(value) as low,
    max(value) as high,
    first_value(threshold order by value, threshold nulls first) as low_at,
    first_value(threshold order by value desc nulls last, threshold nulls first) as high_at,
    count(threshold) as thresholds
from measured
group by figure
