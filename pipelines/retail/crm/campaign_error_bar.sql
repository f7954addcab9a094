-- ja: 施策のCVRと上乗せ効果と、名寄せの閾値を変えた場合の範囲
-- en: conversion and uplift of campaigns with their error bars over the thresholds of identity
-- key: campaign, arm, control, figure
-- restated: value
-- needs: event.message, interaction.campaign
-- column: campaign | text | 施策 | campaign | plain
-- column: arm | text | 群。noneは群のない施策 | arm; none = a campaign without arms | plain
-- column: control | text | 比較する群。CVRではnone | arm that it is compared with; none = of a rate | plain
-- column: figure | text | 指標 (rate, uplift) | figure: rate, uplift | plain
-- column: persons | long | 公表した名寄せでの人数（上乗せ効果では両群の合計） | persons by the identity that is published; of an uplift those of both arms | plain
-- column: value | double? | 公表した名寄せでの値 | by the identity that is published | plain
-- column: low | double? | 範囲の下限 | lowest over the thresholds | plain
-- column: high | double? | 範囲の上限 | highest over the thresholds | plain
-- column: low_at | double? | 下限になる閾値（公表値ならNULL） | threshold of the lowest; null where it is the published one | plain
-- column: high_at | double? | 上限になる閾値（公表値ならNULL） | threshold of the highest; null where it is the published one | plain
-- column: thresholds | long | 比べた閾値の数 | thresholds that give other people | plain
-- 定義: 閾値 auto を review から 0.95 まで動かしたときの、施策の効果の範囲。群に入った人、両群に入った人（混入）、購入した人を、その閾値の名寄せで数え直す。
-- 定義: rate = 群のCVR、uplift = 群のCVR − 比較群のCVR。分子・分母・期間は campaign_effect の全体（segment_by が all）の行と同じ。
-- How far conversion and uplift of a campaign move where the threshold `auto` is any of those from `review` up to 0.95: who is one person there,
-- who of them stood in both arms and is left out, who of them bought. It is doubt about identity alone; the interval of campaign_effect is that of
-- the sample. Numerator, denominator and window are those of campaign_effect, and value is its value for everybody:
--   rate    conversions ÷ persons of the arm
--   uplift  rate of the arm less the rate of the control
with step as (
    select cast(null as double) as threshold
    union all
    select threshold from _identity_at group by threshold
),
pair as (
    select * from campaign_effect where segment_by = 'all'
),
arm as (
    select campaign, arm, persons, conversions from pair
    union
    select campaign, control, persons_control, conversions_control from pair where persons_control is not null
),
-- What a threshold adds to an arm, and takes away.
moved as (
    select threshold, campaign, arm, 1 as sign, converted from _test_person_at where arms = 1 and ripe
    union all
    select t.threshold, p.campaign, p.arm, -1, p.converted
    from (select distinct threshold, customer_id from _identity_at) t
    join _test_person p on p.customer_id = t.customer_id
    where p.arms = 1 and p.ripe
),
change as (
    select threshold, campaign, arm, sum(sign) as persons, sum(sign * converted) as conversions from moved group by threshold, campaign, arm
),
counted as (
    select
        n.threshold,
        a.campaign,
        a.arm,
        a.persons + coalesce(c.persons, 0) as persons,
        a.conversions + coalesce(c.conversions, 0) as conversions
    from arm a
    cross join step n
    left join change c on c.threshold = n.threshold and c.campaign = a.campaign and c.arm = a.arm
),
rated as (
    select *, cast(conversions as double) / nullif(persons, 0) as rate from counted
),
measured as (
    select campaign, arm, 'none' as control, 'rate' as figure, threshold, persons, rate as value from rated
    union all
    select p.campaign, p.arm, p.control, 'uplift', a.threshold, a.persons + c.persons, a.rate - c.rate
    from pair p
    join rated a on a.campaign = p.campaign and a.arm = p.arm
    join rated c on c.campaign = p.campaign and c.arm = p.control and (c.threshold is not distinct from a.threshold)
    where p.persons_control is not null
)
select
    campaign,
    arm,
    control,
    figure,
    max(case when threshold is null then persons end) as persons,
    max(case when threshold is null then value end) as value,
    min(value) as low,
    max(value) as high,
    first_value(threshold order by value, threshold nulls first) as low_at,
    first_value(threshold order by value desc nulls last, threshold nulls first) as high_at,
    count(threshold) as thresholds
from measured
group by campaign, arm, control, figure
