-- ja: 月・セグメントごとの主要指標（全体、初回チャネル、初回媒体）
-- en: key figures by month and segment: all, channel and medium of the first purchase
-- key: segment_by, segment, month
-- restated: sales, purchases, buyers, new_persons, active_persons, dormant_persons, revived_persons, sales_per_person, average_purchase, purchases_per_year
-- restated: f2_rate, step_up_rate, churn_rate, revisit_rate, subscribers, subscription_rate, fee_in_force, fee_lost, fee_lowered, fee_churn_rate
-- column: segment_by | text | 分け方（all, channel, medium） | what makes the segment: all, or channel or medium of the person's first purchase | plain
-- column: segment | text | セグメント（全体はall） | the segment; all for everybody | plain
-- column: month | date | 月（1日の日付） | month, as its first day | plain
-- column: sales | amount? | 売上（円） | sales in yen | plain
-- column: purchases | long? | 購買回数 | purchases | plain
-- column: buyers | long? | 購入者数 | persons who bought | plain
-- column: new_persons | long? | 新規人数 | persons whose first purchase it was | plain
-- column: active_persons | long? | アクティブ人数（12か月以内に購入） | persons who bought in the 12 months to the end of this month | plain
-- column: dormant_persons | long? | 休眠人数 | persons who bought before, but not in these 12 months | plain
-- column: revived_persons | long? | 復活人数 | persons who bought and were dormant at the end of the month before | plain
-- column: sales_per_person | double? | 客単価（円） | sales by buyers | plain
-- column: average_purchase | double? | 平均購買単価（円） | sales by purchases | plain
-- column: frequency | double? | 購買頻度（回/月） | purchases by buyers of the month | plain
-- column: purchases_per_year | double? | 年間利用回数 | purchases of the 12 months to the end of this month by active_persons | plain
-- column: f2_rate | double? | F2転換率 0–1 | share of new_persons with a second purchase within 90 days | plain
-- column: step_up_rate | double? | 引き上げ率 0–1 | share of trial buyers who bought a main item within 90 days | plain
-- column: churn_rate | double? | 離脱率 0–1 | share of the buyers of 24 to 12 months before without a purchase since | plain
-- column: revisit_rate | double? | 再訪率 0–1 | share of identified visitors who came back on a later day within 30 days | plain
-- column: subscribers | long? | 定期購入者数 | persons with a running contract at the end of the month | plain
-- column: subscription_rate | double? | 定期購入率 | subscribers by active_persons | plain
-- column: fee_in_force | amount? | 月末の月額合計（円） | monthly fee in force at the end of the month in yen | plain
-- column: fee_lost | amount? | 解約で失った月額（円） | monthly fee lost to cancellations in the month in yen | plain
-- column: fee_lowered | amount? | 減額された月額（円） | monthly fee lost to lowered fees in yen | plain
-- column: fee_churn_rate | double? | 解約率（12か月平均） | mean of 12 months of fee_lost by the fee in force at the end of the month before | plain
-- column: fee_lowered_rate | double? | 減額率（12か月平均） | the same of fee_lowered | plain
-- 定義: 月はパイプラインのタイムゾーンの月。最初の購入・訪問・契約の月から $as_of の月まで。最後の月はその時点までの値。
-- 定義: 客単価 = 売上 ÷ 購入者数。平均購買単価 = 売上 ÷ 購買回数。購買頻度 = 購買回数 ÷ その月の購入者数。
-- 定義: 年間利用回数 = 月末までの12か月の購買回数 ÷ アクティブ人数。データの最初の11か月はNULL。
-- 定義: F2転換率 = その月の新規のうち初回から0〜90日に2回目を購入した人 ÷ 新規人数。月の最終日から90日たつまではNULL。
-- 定義: 引き上げ率 = trial_to_main の分子 ÷ 分母（一人一回）。月の最終日から90日たつまではNULL。
-- 定義: 離脱率（月t）= t−24〜t−12の購入者のうちt−11〜tに購入のない人 ÷ t−24〜t−12の全購入者。全体の最初の購入が月t−24より後ならNULL。
-- 定義: 再訪率 = その月に訪問した識別済みの人のうち、その月の初回訪問から30日以内の別の日に再訪した人 ÷ 訪問した人。月の最終日から30日たつまではNULL。
-- 定義: 定期購入率 = 月末に契約中の人 ÷ アクティブ人数。
-- 定義: 解約率 = 解約で失った月額 ÷ 前月末の月額の、12か月の平均。12か月のどれかが終わっていない、または前月末の月額がない場合はNULL。減額は別の率。
-- 定義: 最初の購入の月より前は、購入から数える指標はNULL（0ではない）。媒体の分からない人は全体とチャネルにだけ入る。
-- Months are those of the pipeline's zone, from the first purchase, visit or contract to $as_of; the last one is as far as it has come.
-- f2_rate: of the new persons of the month those whose second purchase is 0 to 90 days after the first.
-- step_up_rate: numerator and denominator are those of trial_to_main, each person once.
-- Before the month of the first purchase of all, what is counted from purchases is null: it is not known, and not 0.
-- churn_rate of month t: buyers of the months t-24 to t-12 without a purchase in t-11 to t, by all buyers of t-24 to t-12; null where the first
-- purchase of all is later than month t-24, as a part of the window is not known then.
-- revisit_rate: of the persons with a visit in the month, as web_visit knows them, those with one on a later day, up to 30 days after their first
-- of the month. Over all it is return_rate of web_visit_month. f2, step-up and revisit count from when the month's last day is 90, 90 and 30 days
-- old, and are null before.
-- purchases_per_year is null in the first 11 months of the data, fee_churn_rate where one of its 12 months is not over, or had no fee in force
-- before it. A cancelled contract loses the fee that it had up to then, also where it began in the same month. A contract may run with
-- nobody known: it is in `all`. Persons without a medium are in `all` and in their channel.
with visit as (
    select
        b.first_channel,
        b.first_medium,
        v.month,
        v.day,
        lead(v.day) over (partition by v.customer_id order by v.day) as next_day,
        row_number() over (partition by v.customer_id, v.month order by v.day) as place
    from (
        select distinct
            customer_id,
            cast(date_part('year', to_local_time(started_at)) * 12 + date_part('month', to_local_time(started_at)) - 1 as int) as month,
            cast(to_local_time(started_at) as date) as day
        from web_visit
        where customer_id is not null
    ) v
    left join _purchaser b on b.customer_id = v.customer_id
),
-- Contracts of a person that run, from month to month.
person as (
    select
        customer_id,
        first_channel,
        first_medium,
        month,
        sum(sum(more)) over (partition by customer_id order by month) > 0 as running,
        coalesce(lead(month) over (partition by customer_id order by month), 99999) as next_month
    from (
        select customer_id, first_channel, first_medium, month, 1 as more from _contract where running and customer_id is not null
        union all
        select customer_id, first_channel, first_medium, next_month, -1 from _contract where running and customer_id is not null and next_month < 99999
    )
    group by customer_id, first_channel, first_medium, month
),
trial as (
    select customer_id, first_day, max(case when days_to_main is not null then 1 else 0 end) as stepped_up from _trial group by customer_id, first_day
),
-- What each month has, or what changes in it from then on. Who bought in month i, and next in month j, is active until i+11 and dormant from i+12
-- up to j; stands among the buyers of t-24 to t-12 with t from i+12, until t is i+25 or the next purchase is 12 months ago; and has left until
-- the next purchase.
change as (
    select
        p.first_channel,
        p.first_medium,
        case
            when k.what in ('dormant', 'left', 'left_of') then p.month + 12
            when k.what = 'active-' then least(p.month + 12, p.next_month)
            when k.what in ('dormant-', 'revived') then p.next_month
            when k.what = 'left-' then least(p.month + 25, p.next_month)
            when k.what = 'left_of-' then least(p.month + 25, p.next_month + 12)
            else p.month
        end as month,
        rtrim(k.what, '-') as what,
        case
            when k.what = 'purchases' then cast(p.purchases as decimal(28, 4))
            when k.what = 'sales' then p.sales
            when k.what = 'new' then p.new_persons
            when k.what = 'f2' then p.f2_persons
            when k.what in ('active-', 'dormant-', 'left-', 'left_of-') then -p.persons
            else p.persons
        end as value
    from _kpi_purchase p
    cross join (
        values ('purchases'), ('sales'), ('new'), ('f2'), ('buyers'), ('active'), ('active-'), ('dormant'), ('dormant-'), ('revived'), ('left'),
            ('left-'), ('left_of'), ('left_of-')
    ) k(what)
    where p.next_month > p.month + 12 or k.what not in ('dormant', 'dormant-', 'revived', 'left', 'left-')
    union all
    select v.first_channel, v.first_medium, v.month, k.what, case when k.what = 'visitors' or v.next_day <= v.day + 30 then 1 else 0 end
    from visit v
    cross join (values ('visitors'), ('back')) k(what)
    where v.place = 1
    union all
    select p.first_channel, p.first_medium, case when k.more = 1 then p.month else p.next_month end, 'subscribers', k.more
    from person p
    cross join (values (1), (-1)) k(more)
    where p.running
    union all
    select
        c.first_channel,
        c.first_medium,
        case when k.what = 'fee-' then c.next_month else c.month end,
        rtrim(k.what, '-'),
        case
            when k.what = 'fee' then c.fee
            when k.what = 'fee-' then -c.fee
            when k.what = 'lost' and c.ran and not c.running then c.fee_before
            when k.what = 'lowered' and c.ran and c.running then greatest(c.fee_before - c.fee, 0)
            else 0
        end
    from _contract c
    cross join (values ('fee'), ('fee-'), ('lost'), ('lowered')) k(what)
    union all
    select b.first_channel, b.first_medium, cast(date_part('year', t.first_day) * 12 + date_part('month', t.first_day) - 1 as int), v.what,
        case when v.what = 'trial' then 1 else t.stepped_up end
    from trial t
    join _purchaser b on b.customer_id = t.customer_id
    cross join (values ('trial'), ('stepped_up')) v(what)
    -- Every month, also without anything.
    union all
    select s.first_channel, s.first_medium, m.month, 'purchases', 0
    from (select distinct first_channel, first_medium from _kpi_purchase union all select null, null) s
    cross join (
        select unnest(range(min(month), cast(date_part('year', to_local_time($as_of)) * 12 + date_part('month', to_local_time($as_of)) as int))) as month
        from (select month from _kpi_purchase union all select month from _contract union all select month from visit)
    ) m
),
monthly as (
    select
        case when grouping(first_channel) = 0 then 'channel' when grouping(first_medium) = 0 then 'medium' else 'all' end as segment_by,
        case when grouping(first_channel) = 0 then first_channel when grouping(first_medium) = 0 then first_medium else 'all' end as segment,
        month,
        sum(case when what = 'purchases' then value else 0 end) as purchases,
        sum(case when what = 'sales' then value else 0 end) as sales,
        sum(case when what = 'buyers' then value else 0 end) as buyers,
        sum(case when what = 'new' then value else 0 end) as new,
        sum(case when what = 'f2' then value else 0 end) as f2,
        sum(case when what = 'active' then value else 0 end) as active,
        sum(case when what = 'dormant' then value else 0 end) as dormant,
        sum(case when what = 'revived' then value else 0 end) as revived,
        sum(case when what = 'left' then value else 0 end) as gone,
        sum(case when what = 'left_of' then value else 0 end) as gone_of,
        sum(case when what = 'visitors' then value else 0 end) as visitors,
        sum(case when what = 'back' then value else 0 end) as back,
        sum(case when what = 'subscribers' then value else 0 end) as subscribers,
        sum(case when what = 'fee' then value else 0 end) as fee,
        sum(case when what = 'lost' then value else 0 end) as lost,
        sum(case when what = 'lowered' then value else 0 end) as lowered,
        sum(case when what = 'trial' then value else 0 end) as trial,
        sum(case when what = 'stepped_up' then value else 0 end) as stepped_up
    from change
    where month < cast(date_part('year', to_local_time($as_of)) * 12 + date_part('month', to_local_time($as_of)) as int)
    group by grouping sets ((month), (first_channel, month), (first_medium, month))
),
standing as (
    select
        *,
        sum(active) over so_far as active_persons,
        sum(dormant) over so_far as dormant_persons,
        sum(gone) over so_far as gone_persons,
        sum(gone_of) over so_far as gone_of_persons,
        sum(subscribers) over so_far as subscriber_persons,
        sum(fee) over so_far as fee_in_force,
        sum(purchases) over (partition by segment_by, segment order by month rows between 11 preceding and current row) as purchases_12,
        min(case when purchases > 0 then month end) over () as first_month
    from monthly
    where segment is not null
    window so_far as (partition by segment_by, segment order by month)
),
lost as (
    select
        *,
        lag(cast(fee_in_force as double)) over (partition by segment_by, segment order by month) as fee_before,
        make_date(cast((month + 1) / 12 as int), cast((month + 1) % 12 + 1 as int), 1) - 1 as last_day
    from standing
),
rated as (
    select
        *,
        cast(to_local_time($as_of) as date) - last_day as age,
        case when last_day <= cast(to_local_time($as_of) as date) then cast(lost as double) / nullif(fee_before, 0) end as lost_rate,
        case when last_day <= cast(to_local_time($as_of) as date) then cast(lowered as double) / nullif(fee_before, 0) end as lowered_rate
    from lost
),
mean as (
    select
        *,
        case when count(lost_rate) over a_year = 12 then avg(lost_rate) over a_year end as fee_churn_rate,
        case when count(lowered_rate) over a_year = 12 then avg(lowered_rate) over a_year end as fee_lowered_rate
    from rated
    window a_year as (partition by segment_by, segment order by month rows between 11 preceding and current row)
)
select
    m.segment_by,
    m.segment,
    make_date(cast(m.month / 12 as int), cast(m.month % 12 + 1 as int), 1) as month,
    case when m.month >= m.first_month then m.sales end as sales,
    case when m.month >= m.first_month then m.purchases end as purchases,
    case when m.month >= m.first_month then m.buyers end as buyers,
    case when m.month >= m.first_month then m.new end as new_persons,
    case when m.month >= m.first_month then m.active_persons end as active_persons,
    case when m.month >= m.first_month then m.dormant_persons end as dormant_persons,
    case when m.month >= m.first_month then m.revived end as revived_persons,
    cast(m.sales as double) / nullif(cast(m.buyers as double), 0) as sales_per_person,
    cast(m.sales as double) / nullif(cast(m.purchases as double), 0) as average_purchase,
    cast(m.purchases as double) / nullif(cast(m.buyers as double), 0) as frequency,
    case when m.month >= m.first_month + 11 then cast(m.purchases_12 as double) / nullif(cast(m.active_persons as double), 0) end as purchases_per_year,
    case when m.age >= 90 then cast(m.f2 as double) / nullif(cast(m.new as double), 0) end as f2_rate,
    case when m.age >= 90 then cast(m.stepped_up as double) / nullif(cast(m.trial as double), 0) end as step_up_rate,
    case when m.month >= m.first_month + 24 then cast(m.gone_persons as double) / nullif(cast(m.gone_of_persons as double), 0) end as churn_rate,
    case when m.age >= 30 then cast(m.back as double) / nullif(cast(m.visitors as double), 0) end as revisit_rate,
    case when c.any_contract then m.subscriber_persons end as subscribers,
    case when c.any_contract then cast(m.subscriber_persons as double) / nullif(cast(m.active_persons as double), 0) end as subscription_rate,
    case when c.any_contract then m.fee_in_force end as fee_in_force,
    case when c.any_contract then m.lost end as fee_lost,
    case when c.any_contract then m.lowered end as fee_lowered,
    m.fee_churn_rate,
    m.fee_lowered_rate
from mean m
cross join (select count(*) > 0 as any_contract from _contract) c
