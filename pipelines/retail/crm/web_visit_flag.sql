-- ja: 訪問者フラグ別の来訪とCVR（月次）
-- en: visits and conversion by the visitor's flag, by month
-- key: month, flag
-- needs: event.web_visit, interaction.visitor_id
-- column: month | date | 月（初日） | first day of the month | plain
-- column: flag | text | 訪問者フラグ (first_visit, non_member, member_without_purchase, member_with_purchase)。allは全来訪 | visitor's flag at the start of the visit; all = every visit | plain
-- column: visits | long | 来訪数 | visits | plain
-- column: visitors | long | 訪問者ID数 | visitor ids | plain
-- column: logged_in | long | ログインのあった来訪数 | visits with a log-in | plain
-- column: carts | long? | カート投入のあった来訪数 | visits in which an item was put into the cart | plain
-- column: known | long | 顧客が分かる来訪数 | visits whose person is known, also from a later log-in | plain
-- column: converted | long? | 購入につながった来訪数 | visits followed by a purchase of the person | plain
-- column: rate | double? | CVR 0–1 | converted ÷ visits | plain
-- column: rate_known | double? | 顧客が分かる来訪でのCVR 0–1 | converted ÷ visits whose person is known | plain
-- 定義: CVR = 購入につながった来訪 ÷ その月に始まった来訪。人の分からない来訪はつながりようがないので、これは下限。
-- 定義: 購入につながった来訪 = その人が開始から $visit_conversion_days 日（24時間単位）以内に購入したもの。チャネルは問わない。
-- 定義: 来訪の人は web_visit の customer_id、なければ later_customer_id。
-- 定義: 顧客が分かる来訪でのCVR = 購入につながった来訪 ÷ 人の分かる来訪。月の最終日から $visit_conversion_days 日たつまで、どれもNULL。
-- 定義: カート投入は、どの来訪にもなければ（データなし）NULL。
-- A visit converts by a purchase of its person (customer_id, or later_customer_id), in any channel, within $visit_conversion_days days (of 24 hours)
-- from its start on. Visits of nobody known cannot convert: rate is a lower bound, rate_known is of those where it can be seen. A month
-- counts when that many days have passed since its last day; a younger one is null.
with bought as (
    select v.channel, v.visit_id
    from web_visit v
    join purchase p on p.customer_id = coalesce(v.customer_id, v.later_customer_id) and p.occurred_at >= v.started_at
    where date_part('epoch', p.occurred_at) - date_part('epoch', v.started_at) < $visit_conversion_days * 86400
    group by v.channel, v.visit_id
),
visit as (
    select
        cast(date_trunc('month', v.started_at) as date) as month,
        v.flag,
        v.visitor_id,
        v.logins,
        v.carts,
        coalesce(v.customer_id, v.later_customer_id) as customer_id,
        b.visit_id as bought
    from web_visit v
    left join bought b on b.channel = v.channel and b.visit_id = v.visit_id
),
counted as (
    select
        month,
        case when grouping(flag) = 1 then 'all' else flag end as flag,
        count(*) as visits,
        count(distinct visitor_id) as visitors,
        count(case when logins > 0 then 1 end) as logged_in,
        case when count(carts) > 0 then count(case when carts > 0 then 1 end) end as carts,
        count(customer_id) as known,
        count(bought) as bought,
        cast($as_of as date) - cast(month + interval '1 month' - interval '1 day' as date) >= $visit_conversion_days as ripe
    from visit
    group by grouping sets ((month, flag), (month))
)
select
    month,
    flag,
    visits,
    visitors,
    logged_in,
    carts,
    known,
    case when ripe then bought end as converted,
    case when ripe then cast(bought as double) / visits end as rate,
    case when ripe then cast(bought as double) / nullif(known, 0) end as rate_known
from counted
