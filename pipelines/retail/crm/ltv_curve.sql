-- ja: LTV曲線（初回購入の月・商品・媒体ごとの、30日ごとの一人当たり累計売上と利益）
-- en: LTV curves: cumulated sales and profit per person every 30 days, by month, item and medium of the first purchase
-- key: cohort_by, cohort, days
-- column: cohort_by | text | 分け方（month, item, medium） | what makes the cohort: month, item or medium of the first purchase | plain
-- column: cohort | text | コホート（月、商品コード、媒体） | the month, item or medium | plain
-- column: days | integer | 初回購入からの日数 | days from the first purchase | plain
-- column: persons | long | コホートの人数 | persons of the cohort | plain
-- column: counted | long | その日数を経た人数（分母） | of them, those who had so many days: the denominator | plain
-- column: sales_per_person | double? | 一人当たり累計売上（円） | cumulated sales per person in yen | plain
-- column: profit_per_person | double? | 一人当たり累計利益（円） | cumulated profit per person in yen, of the sales whose profit is known | plain
-- column: profit_known | double? | 利益が分かる売上の割合 0–1 | share of the cumulated sales whose profit is known, 0 to 1 | plain
-- 定義: 分子: 初回購入日を1日目として days 日目までの売上（利益は ltv と同じ）。
-- 定義: 分母: 初回購入から $as_of の日までに days 日以上たった人。月のコホートは月の最終日がその日数を経てから数え、それまではNULL。
-- 定義: 商品・媒体のコホートは、その日数を経た人だけを数える。コホートの半数に満たなければNULL。
-- 定義: 商品は初回購入で金額が最大のもの。720日（2年）まで、30日ごと。
-- Numerator: sales (amount; profit as in ltv) of the first `days` days, the day of the first purchase being the first of them.
-- Denominator: persons whose first purchase is at least `days` days before the day of $as_of. A month counts when its last day is so old;
-- it is null before. Of items and media, which gain persons every day, those count who are old enough. It is null where these are fewer than half
-- of the cohort: from cell to cell other persons are counted, and at the far end only the first few, so that the curve could fall.
-- profit_known is by purchases above 0 yen, as in ltv.
-- Up to 720 days, two years. A person's item is the one of the largest amount in the first purchase; without an item or medium it is in none.
with bought as (
    select
        date_trunc('month', cast(to_local_time(b.first_purchase_at) as date)) as first_month,
        b.first_item_id,
        b.first_medium,
        (cast(to_local_time($as_of) as date) - cast(to_local_time(b.first_purchase_at) as date)) / 30 as age,
        (cast(to_local_time(p.occurred_at) as date) - cast(to_local_time(b.first_purchase_at) as date)) / 30 as step,
        case when p.number = 1 then 1 else 0 end as person,
        p.amount,
        p.net - p.cost - coalesce(p.shipping_cost, 0) as profit
    from purchase p
    join _purchaser b on b.customer_id = p.customer_id
),
-- What is bought in a step of 30 days belongs to every later day, but for persons who are not so old: what they bought is taken out again at
-- their age, as nobody buys after that.
part as (
    select
        case when grouping(first_month) = 0 then 'month' when grouping(first_item_id) = 0 then 'item' else 'medium' end as cohort_by,
        coalesce(to_char(first_month, '%Y-%m'), first_item_id, first_medium) as cohort,
        first_month,
        grouping(step) = 0 as added,
        case when grouping(step) = 0 then step else age end as step,
        sum(person) as persons,
        sum(amount) as sales,
        sum(profit) as profit,
        sum(case when amount > 0 then amount else 0 end) as positive,
        sum(case when profit is not null and amount > 0 then amount end) as profit_sales,
        count(profit) as known
    from bought
    group by grouping sets (
        (first_month, step), (first_month, age), (first_item_id, step), (first_item_id, age), (first_medium, step), (first_medium, age)
    )
),
curve as (
    select
        c.cohort_by,
        c.cohort,
        c.first_month,
        d.step,
        sum(case when c.added then c.persons end) as persons,
        sum(case when c.step < d.step then case when c.added then c.persons else -c.persons end else 0 end) as counted,
        sum(case when c.step < d.step then case when c.added then c.sales else -c.sales end end) as sales,
        sum(case when c.step < d.step then case when c.added then c.profit else -c.profit end end) as profit,
        sum(case when c.step < d.step then case when c.added then c.positive else -c.positive end end) as positive,
        sum(case when c.step < d.step then case when c.added then c.profit_sales else -c.profit_sales end end) as profit_sales,
        sum(case when c.step < d.step then case when c.added then c.known else -c.known end end) > 0 as any_profit
    from part c
    cross join (select unnest(range(1, 25)) as step) d
    where c.cohort is not null
    group by c.cohort_by, c.cohort, c.first_month, d.step
),
old as (
    select
        *,
        counted > 0 and 2 * counted >= persons and (first_month is null
            or cast(first_month + interval '1 month' as date) - 1 + cast(30 * step as int) <= cast(to_local_time($as_of) as date)) as is_old
    from curve
)
select
    cohort_by,
    cohort,
    cast(30 * step as int) as days,
    persons,
    counted,
    case when is_old then cast(sales as double) / counted end as sales_per_person,
    case when is_old and any_profit then cast(profit as double) / counted end as profit_per_person,
    case when is_old then coalesce(cast(profit_sales as double), 0) / nullif(cast(positive as double), 0) end as profit_known
from old
