-- ja: 施策の効果（群の組ごと）: CVR、上乗せ効果と95%信頼区間、群の混入
-- en: effect of a campaign by pair of arms: conversion, uplift with its 95 % interval, contamination
-- key: campaign, arm, control, segment_by, segment
-- needs: event.message, interaction.campaign
-- column: campaign | text | 施策 | campaign | plain
-- column: arm | text | 群。noneは群のない施策 | arm; none = a campaign without arms | plain
-- column: control | text | 比較する群（controlがあればそれ）。noneは比較なし | arm that it is compared with: the one named control, if there is one; none = the campaign has one arm | plain
-- column: segment_by | text | 切り口 (all, rfm_r, first_channel, decile) | what it is cut by: all, rfm_r, first_channel, decile | plain
-- column: segment | text | 区分。noneは配信時に購入なし | segment; none = no purchase before the send | plain
-- column: persons | long | 群の人数（混入を除く） | persons of the arm, without the contaminated | plain
-- column: persons_control | long? | 比較群の人数（混入を除く） | persons of the control | plain
-- column: conversions | long | 群のCV人数 | persons of the arm who converted | plain
-- column: conversions_control | long? | 比較群のCV人数 | persons of the control who converted | plain
-- column: rate | double? | 群のCVR 0–1 | conversions ÷ persons of the arm | plain
-- column: rate_control | double? | 比較群のCVR 0–1 | conversions ÷ persons of the control | plain
-- column: uplift | double? | 上乗せ効果（CVRの差） | rate less the control's | plain
-- column: uplift_low | double? | 上乗せ効果の95%下限 | lower end of its 95 % interval | plain
-- column: uplift_high | double? | 上乗せ効果の95%上限 | upper end of its 95 % interval | plain
-- column: contaminated | long? | 両群に入っていた人数（全体の行のみ） | persons who stood in both arms; on the row of all | plain
-- column: contaminated_by_ids | long? | うち別々の会員番号によるもの（どの番号も一群のみ。名寄せなしでは見えない） | of them: each record id stood in one arm, so that only matching shows it | plain
-- column: records | long? | 名寄せなしの群の件数（顧客番号） | record ids of the arm, as sent | plain
-- column: records_control | long? | 名寄せなしの比較群の件数 | record ids of the control, as sent | plain
-- column: uplift_by_record | double? | 名寄せなしの上乗せ効果 | uplift as it looks by record ids, without matching | plain
-- column: uplift_by_record_low | double? | その95%下限 | lower end of its 95 % interval | plain
-- column: uplift_by_record_high | double? | その95%上限 | upper end of its 95 % interval | plain
-- column: too_young | long? | 評価期間が終わっていない人数（除外） | persons left out since their last send is younger than $conversion_days days | plain
-- 定義: CV: 送信から $conversion_days 日（24時間単位）以内に、その施策のメッセージのコンバージョン、または購入がある人。送信より前のものは数えない。どの番号・チャネルでもよい。
-- 定義: 分母: 最後の送信から $as_of までにその日数がたった人。複数の群に入った人は、どの行の人数にも入れない（混入）。
-- 定義: 上乗せ効果 = 群のCVR − 比較群のCVR。区間はNewcombeの方法10（Wilsonの区間から）、95%。
-- 定義: 名寄せなしの値は、番号を一人とみなし、その番号の購入だけを見た場合。
-- 定義: 区分は今日ではなく最初の送信時点のもの（rfm_r は最終購買の五分位、decile は金額の十分位）。
-- A person converts by a message of the campaign that says converted, or by a purchase, within $conversion_days days (of 24 hours) from a
-- send on, and none before it; by any record id, in any channel. Who counts: persons whose last send of the campaign is that old at $as_of.
-- Who stood in more than one arm of a campaign is in no row's persons. By record ids: the same, but a record id is a person, and only
-- purchases under that record id are seen: what a tool without matching reports.
-- Segments are as of the first send of the campaign, not of today, else the effect would choose its own segment: rfm_r = fifths of last purchase,
-- decile = tenths of the amount, both among the campaign's persons with a purchase before (1 = highest amount; r 5 = latest).
-- The interval is Newcombe's hybrid score (Stat. Med. 17 (1998), 873–890, method 10), from Wilson's intervals, z = 1.959963984540054.
with arm as (
    select campaign, arm, count(*) over (partition by campaign) as arms from _test_person group by campaign, arm
),
pair as (
    select a.campaign, a.arm, b.arm as control
    from arm a
    join arm b on b.campaign = a.campaign
    where b.arm <> a.arm and (b.arm = 'control' or a.arm <> 'control' and b.arm < a.arm)
    union all
    select campaign, arm, null from arm where arms = 1
),
both_arms as (
    select
        a.campaign,
        a.arm,
        b.arm as control,
        count(*) as contaminated,
        count(case when greatest(a.arms_of_a_record, b.arms_of_a_record) = 1 then 1 end) as contaminated_by_ids
    from _test_person a
    join _test_person b on b.campaign = a.campaign and b.customer_id = a.customer_id
    where a.arms > 1 and b.arms > 1 and b.arm <> a.arm
    group by a.campaign, a.arm, b.arm
),
young as (
    select campaign, arm, count(*) as persons from _test_person where arms = 1 and not ripe group by campaign, arm
),
-- A segment of only one arm is a row too: the other arm has nobody there, and no rate. All is a row also where nobody can be counted.
segment as (
    select campaign, segment_by, segment from _test_rate where unit = 'person'
    union
    select campaign, 'all', 'all' from pair
)
select
    p.campaign,
    p.arm,
    coalesce(p.control, 'none') as control,
    s.segment_by,
    s.segment,
    coalesce(a.persons, 0) as persons,
    case when p.control is not null then coalesce(c.persons, 0) end as persons_control,
    coalesce(a.conversions, 0) as conversions,
    case when p.control is not null then coalesce(c.conversions, 0) end as conversions_control,
    a.rate,
    c.rate as rate_control,
    a.rate - c.rate as uplift,
    a.rate - c.rate - sqrt(power(a.rate - a.low, 2) + power(c.high - c.rate, 2)) as uplift_low,
    a.rate - c.rate + sqrt(power(a.high - a.rate, 2) + power(c.rate - c.low, 2)) as uplift_high,
    case when s.segment_by = 'all' and p.control is not null then coalesce(b.contaminated, 0) end as contaminated,
    case when s.segment_by = 'all' and p.control is not null then coalesce(b.contaminated_by_ids, 0) end as contaminated_by_ids,
    ra.persons as records,
    rc.persons as records_control,
    ra.rate - rc.rate as uplift_by_record,
    ra.rate - rc.rate - sqrt(power(ra.rate - ra.low, 2) + power(rc.high - rc.rate, 2)) as uplift_by_record_low,
    ra.rate - rc.rate + sqrt(power(ra.high - ra.rate, 2) + power(rc.rate - rc.low, 2)) as uplift_by_record_high,
    case when s.segment_by = 'all' then coalesce(ya.persons, 0) + coalesce(yc.persons, 0) end as too_young
from pair p
join segment s on s.campaign = p.campaign
left join _test_rate a on a.unit = 'person' and a.campaign = p.campaign and a.arm = p.arm and a.segment_by = s.segment_by and a.segment = s.segment
left join _test_rate c on c.unit = 'person' and c.campaign = p.campaign and c.arm = p.control and c.segment_by = s.segment_by and c.segment = s.segment
left join _test_rate ra on ra.unit = 'record' and ra.campaign = p.campaign and ra.arm = p.arm and ra.segment_by = s.segment_by
left join _test_rate rc on rc.unit = 'record' and rc.campaign = p.campaign and rc.arm = p.control and rc.segment_by = s.segment_by
left join both_arms b on b.campaign = p.campaign and b.arm = p.arm and b.control = p.control
left join young ya on ya.campaign = p.campaign and ya.arm = p.arm
left join young yc on yc.campaign = p.campaign and yc.arm = p.control
where (a.campaign is not null or c.campaign is not null) or s.segment_by = 'all'
