-- ja: 媒体・月ごとの広告費、新規人数、CPA、ROAS（30・90・365日）、回収月
-- en: spend, new persons, CPA, ROAS after 30, 90 and 365 days and pay-back month by medium and month
-- key: new_by, medium, month
-- needs: medium_spend, interaction.medium
-- column: new_by | text | 新規の意味（person: 全チャネルで初、medium: その媒体で初） | what is new: first purchase of the person, or first in this medium | plain
-- column: medium | text | 媒体 | medium | plain
-- column: month | date | 月（1日の日付） | month, as its first day | plain
-- column: spend | amount? | 広告費（円） | spend in yen | plain
-- column: new_persons | long | 新規人数 | new persons | plain
-- column: cpa | double? | 顧客獲得単価（円） | spend per new person in yen | plain
-- column: sales | amount | 新規の人の累計売上（円） | their sales up to now in yen | plain
-- column: roas_30 | double? | 30日のROAS（倍） | sales of the first 30 days by spend | plain
-- column: roas_90 | double? | 90日のROAS（倍） | sales of the first 90 days by spend | plain
-- column: roas_365 | double? | 365日のROAS（倍） | sales of the first 365 days by spend | plain
-- column: payback_month | integer? | 売上で回収した月数 | months of 30 days until sales reached the spend | plain
-- column: profit_payback_month | integer? | 利益で回収した月数 | months of 30 days until profit reached the spend | plain
-- 定義: person: 全購入を通じた初回がその月・その媒体だった人。売上はその人の初回からの全購入（媒体を問わない）。
-- 定義: medium: その媒体での初回がその月だった人。売上はその人のその媒体での購入。月はパイプラインのタイムゾーンの月、期間は $as_of まで。
-- 定義: CPA = その月の広告費 ÷ 新規人数。広告費の記録がない、または新規が0人ならNULL。
-- 定義: ROAS = 初回購入日を1日目として30・90・365日目までの売上 ÷ その月の広告費。月の最終日からその日数がたつまでと、広告費がないか0円の場合はNULL。
-- 定義: 回収月 = 累計の売上が広告費に達した月数（30日を1か月とし、月の最終日からその日数がたってから数える）。未達、または広告費がないか0円ならNULL。
-- 定義: 利益の回収月の利益は ltv と同じで、原価と税の分かる購入だけの合計。
-- person: the person's first purchase of all came by this medium in this month; sales are all that the person bought from then on.
-- medium: the person's first purchase by this medium was in this month; sales are what the person bought by this medium from then on.
-- The day of the first purchase is the first of the 30, 90, 365 days. A month counts from when its last day is so many days old: null before.
-- CPA and ROAS are null without spend, and where the spend or the persons are 0. Pay-back is null where it is not reached yet, or no spend is to
-- be paid back; profit is that of ltv, of the purchases where it is known.
with first_in as (
    select
        p.customer_id,
        p.medium,
        cast(to_local_time(min(p.occurred_at)) as date) as first_day,
        min(p.number) as first_number
    from purchase p
    where p.medium is not null
    group by p.customer_id, p.medium
),
bought as (
    select
        'person' as new_by,
        b.first_medium as medium,
        cast(to_local_time(b.first_purchase_at) as date) as first_day,
        cast(to_local_time(p.occurred_at) as date) as day,
        p.number = 1 as is_first,
        p.amount,
        p.net - p.cost - coalesce(p.shipping_cost, 0) as profit
    from purchase p
    join _purchaser b on b.customer_id = p.customer_id
    where b.first_medium is not null
    union all
    select
        'medium',
        p.medium,
        f.first_day,
        cast(to_local_time(p.occurred_at) as date),
        p.number = f.first_number,
        p.amount,
        p.net - p.cost - coalesce(p.shipping_cost, 0)
    from purchase p
    join first_in f on f.customer_id = p.customer_id and f.medium = p.medium
),
step as (
    select
        new_by,
        medium,
        cast(date_trunc('month', first_day) as date) as month,
        (day - first_day) / 30 as step,
        sum(case when is_first then 1 else 0 end) as persons,
        sum(amount) as sales,
        sum(case when day - first_day < 365 then amount end) as sales_365,
        sum(profit) as profit
    from bought
    group by new_by, medium, cast(date_trunc('month', first_day) as date), (day - first_day) / 30
),
running as (
    select
        *,
        sum(sales) over (partition by new_by, medium, month order by step) as sales_so_far,
        sum(profit) over (partition by new_by, medium, month order by step) as profit_so_far
    from step
),
spent as (
    select n.new_by, s.medium, cast(date_trunc('month', s.month) as date) as month, sum(s.amount) as spend
    from medium_spend s
    cross join (select 'person' as new_by union all select 'medium') n
    where s.month <= cast(to_local_time($as_of) as date)
    group by n.new_by, s.medium, cast(date_trunc('month', s.month) as date)
),
joined as (
    select
        coalesce(r.new_by, s.new_by) as new_by,
        coalesce(r.medium, s.medium) as medium,
        coalesce(r.month, s.month) as month,
        s.spend,
        r.persons,
        r.sales,
        r.sales_365,
        r.step,
        cast(to_local_time($as_of) as date) - (cast(coalesce(r.month, s.month) + interval '1 month' as date) - 1) as age,
        nullif(cast(s.spend as double), 0) as spent,
        r.sales_so_far,
        r.profit_so_far
    from running r
    full join spent s on s.new_by = r.new_by and s.medium = r.medium and s.month = r.month
)
select
    new_by,
    medium,
    month,
    max(spend) as spend,
    coalesce(sum(persons), 0) as new_persons,
    cast(max(spend) as double) / nullif(sum(persons), 0) as cpa,
    coalesce(sum(sales), 0) as sales,
    case when max(age) >= 30 then coalesce(cast(sum(case when step < 1 then sales end) as double), 0) end / max(spent) as roas_30,
    case when max(age) >= 90 then coalesce(cast(sum(case when step < 3 then sales end) as double), 0) end / max(spent) as roas_90,
    case when max(age) >= 365 then coalesce(cast(sum(sales_365) as double), 0) end / max(spent) as roas_365,
    cast(min(case when sales_so_far >= spent and age >= 30 * (step + 1) then step + 1 end) as int) as payback_month,
    cast(min(case when profit_so_far >= spent and age >= 30 * (step + 1) then step + 1 end) as int) as profit_payback_month
from joined
group by new_by, medium, month
