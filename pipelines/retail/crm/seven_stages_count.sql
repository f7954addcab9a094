-- ja: 七段階の人数
-- en: persons on each of the seven stages
-- key: stage
-- report: 七段階の「{skipped}」は、データがないため飛ばしました | of the seven stages {skipped} is skipped: no buyer has a fact that it reads
-- column: stage | integer | 段階 1–7 | stage | plain
-- column: stage_name | text | 段階の名前 | name of the stage | plain
-- column: is_mapped | boolean | データがあるか。falseの段階は飛ばされる | whether it has data; a stage without is skipped | plain
-- column: skipped | text? | 飛ばされる段階の名前 | name of the stage where it is skipped; null where it is not | plain
-- column: persons | long? | この段階にいる人数 | persons who stand on it | plain
-- column: share | double? | 購入者に占める割合 0–1 | share of all buyers | plain
-- column: reached | long? | この段階以上の人数 | persons on this stage or a higher one | plain
-- column: fulfilled | long? | この段階の条件だけを満たす人数（前の段階を問わない） | buyers for whom its own rule holds, whatever the others say | plain
-- column: persons_before | long? | 比較時点にこの段階にいた人数 | persons who stood on it $stage_move_days days ago | plain
-- 定義: 段階と条件は seven_stages と同じ。割合 = この段階にいる人 ÷ 全購入者（どの段階の条件も満たさない購入者を含む）。
-- 定義: reached はこの段階以上にいる人、fulfilled は前の段階を問わずこの段階の条件を満たす人、persons_before は $stage_move_days × 24時間前にいた人。
-- 定義: 七段階すべてに行がある。購入者の誰にもデータがなく飛ばす段階の数値はNULL。
-- Stages and rules as in seven_stages. All seven have a row; a skipped one has no numbers.
with rule as (
    select
        stage,
        stage_before,
        unnest(make_array(1, 2, 3, 4, 5, 6, 7)) as n,
        unnest(make_array(is_buyer, is_customer, is_keen, is_follower, is_fan, is_member, is_evangelist)) as rule
    from seven_stages
),
name as (
    select
        unnest(make_array(1, 2, 3, 4, 5, 6, 7)) as n,
        unnest(make_array('購入者', '顧客', '熱心な顧客', 'フォロワー', 'ファン', '会員', '信者(伝導者)')) as stage_name
),
counted as (
    select
        n,
        count(*) as buyers,
        count(rule) > 0 as is_mapped,
        count(case when stage = n then 1 end) as persons,
        count(case when stage >= n then 1 end) as reached,
        count(case when rule then 1 end) as fulfilled,
        count(case when stage_before = n then 1 end) as persons_before
    from rule
    group by n
)
select
    cast(m.n as int) as stage,
    m.stage_name,
    coalesce(c.is_mapped, false) as is_mapped,
    case when c.buyers > 0 and not c.is_mapped then m.stage_name end as skipped,
    case when c.is_mapped then c.persons end as persons,
    case when c.is_mapped then cast(c.persons as double) / nullif(c.buyers, 0) end as share,
    case when c.is_mapped then c.reached end as reached,
    case when c.is_mapped then c.fulfilled end as fulfilled,
    case when c.is_mapped then c.persons_before end as persons_before
from name m
left join counted c on c.n = m.n
