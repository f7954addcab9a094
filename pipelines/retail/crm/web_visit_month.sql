-- ja: Web来訪の月次集計と再訪率（全体・媒体別）
-- en: visits of the web site by month and medium, with the rate of coming back
-- key: month, medium
-- needs: event.web_visit, interaction.visitor_id
-- column: month | date | 月（初日） | first day of the month | plain
-- column: medium | text | 媒体。allは全媒体、unknownは媒体不明 | medium; all = every one, unknown = none given | plain
-- column: visits | long | 来訪数 | visits | plain
-- column: visitors | long | 訪問者ID数 | visitor ids | plain
-- column: persons | long | 特定できた来訪者の人数 | identified visitors: persons with a visit | plain
-- column: first_visits | long | 初回来訪の数 | visits of the flag first_visit | plain
-- column: non_member_visits | long | 非会員の来訪数 | visits of the flag non_member | plain
-- column: member_without_purchase_visits | long | 実績のない会員の来訪数 | visits of the flag member_without_purchase | plain
-- column: member_with_purchase_visits | long | 実績のある会員の来訪数 | visits of the flag member_with_purchase | plain
-- column: returned | long? | 30日以内の別の日に再訪した人数 | persons who came back on a later day within 30 days | plain
-- column: return_rate | double? | 再訪率 0–1 | returned ÷ persons | plain
-- 定義: 再訪率 = その月（その媒体）の来訪から30日以内の別の日に再訪した人（再訪の媒体は問わない）÷ その月（その媒体）に来訪した人。
-- 定義: 人は web_visit の customer_id（後のログインで分かった人は入れない）。日と月はパイプラインのタイムゾーンのもの。
-- 定義: 月の最終日から30日たつまで、再訪の人数と率はNULL。
-- 再訪率: persons of the month (of the medium) who came back on a later day, at most 30 days after a visit of that month (of the medium), by
-- any medium ÷ persons of the month (of the medium). Days are those of the pipeline's zone. A person is who the visit's customer_id names. A month counts when 30 days have passed since
-- its last day; a younger one is null.
with visit as (
    select
        visitor_id,
        customer_id,
        coalesce(medium, 'unknown') as way,
        flag,
        cast(date_trunc('month', started_at) as date) as month,
        arrow_cast(cast(started_at as date), 'Int32') as day
    from web_visit
),
followed as (
    select
        *,
        -- The next day on which the person comes, whichever visit of the day is asked.
        min(day) over (partition by customer_id order by day range between 1 following and unbounded following) - day as days
    from visit
),
counted as (
    select
        month,
        case when grouping(way) = 1 then 'all' else way end as medium,
        count(*) as visits,
        count(distinct visitor_id) as visitors,
        count(distinct customer_id) as persons,
        count(case when flag = 'first_visit' then 1 end) as first_visits,
        count(case when flag = 'non_member' then 1 end) as non_member_visits,
        count(case when flag = 'member_without_purchase' then 1 end) as member_without_purchase_visits,
        count(case when flag = 'member_with_purchase' then 1 end) as member_with_purchase_visits,
        count(distinct case when days <= 30 then customer_id end) as came_back
    from followed
    group by grouping sets ((month, way), (month))
)
select
    month,
    medium,
    visits,
    visitors,
    persons,
    first_visits,
    non_member_visits,
    member_without_purchase_visits,
    member_with_purchase_visits,
    case when ripe then came_back end as returned,
    case when ripe then cast(came_back as double) / nullif(persons, 0) end as return_rate
from (select *, month + interval '1 month' + interval '29 days' <= cast($as_of as date) as ripe from counted)
