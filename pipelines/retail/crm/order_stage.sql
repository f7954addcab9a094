-- ja: 購入回数の段階（F1→F2…F5）ごとの人数、次の購入への移行率、残存率、購入間隔
-- en: order stages F1 to F5: persons, share that goes on, residual, days to the next purchase
-- key: stage
-- restated: persons, going_on
-- column: stage | integer | 購入回数の段階 1–5 | number of the purchase, 1 to 5 | plain
-- column: persons | long | その回数まで購入した人数 | persons with at least so many purchases | plain
-- column: next_persons | long | 次も購入した人数 | of them, with one more | plain
-- column: going_on | double? | 次の購入への移行率 0–1 | next_persons by persons, 0 to 1 | plain
-- column: going_on_365 | double? | 365日以内の移行率 0–1（365日を経た人のみ） | share with one more within 365 days, of the persons who had 365 days | plain
-- column: residual | double? | 残存率 0–1（F1の人数に対する割合） | persons by the persons of stage 1, 0 to 1 | plain
-- column: mean_days | double? | 次の購入までの平均日数 | mean of the days to the next purchase | plain
-- column: median_days | double? | 次の購入までの日数の中央値 | median of the days to the next purchase | plain
-- 定義: 移行率 = n回目の購入をした人のうち次も購入した人 ÷ n回目の購入をした人。残存率 = その段階の人 ÷ F1の人。
-- 定義: 期間の限定はなく $as_of までの全購入。going_on_365 は、n回目から365日たった人だけを分母とし、365日以内の次の購入を数える。
-- 定義: 日数はパイプラインのタイムゾーンの日付の差。
-- No window: every purchase up to $as_of, so that who came yesterday lowers going_on. going_on_365 leaves out whose n-th purchase is less than
-- 365 days old, and counts a next purchase up to 365 days after it. Days are from day to day in the pipeline's zone.
with step as (
    select
        number as stage,
        days_since_previous,
        cast(to_local_time($as_of) as date) - cast(to_local_time(occurred_at) as date) as age
    from purchase
    where number <= 6
),
counted as (
    select
        stage,
        count(*) as persons,
        sum(case when age >= 365 then 1 else 0 end) as old,
        sum(case when days_since_previous <= 365 and age + days_since_previous >= 365 then 1 else 0 end) as came_in_365,
        avg(cast(days_since_previous as double)) as mean_days,
        median(cast(days_since_previous as double)) as median_days
    from step
    group by stage
),
beside as (
    select
        stage,
        persons,
        old,
        first_value(persons) over (order by stage) as first_persons,
        lead(persons) over (order by stage) as next_persons,
        lead(came_in_365) over (order by stage) as came_in_365,
        lead(mean_days) over (order by stage) as mean_days,
        lead(median_days) over (order by stage) as median_days
    from counted
)
select
    cast(stage as int) as stage,
    persons,
    coalesce(next_persons, 0) as next_persons,
    coalesce(next_persons, 0) / cast(persons as double) as going_on,
    coalesce(came_in_365, 0) / cast(nullif(old, 0) as double) as going_on_365,
    persons / cast(first_persons as double) as residual,
    mean_days,
    median_days
from beside
where stage <= 5
