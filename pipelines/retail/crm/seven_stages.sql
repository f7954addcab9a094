-- ja: 顧客の七段階（購入者→顧客→熱心な顧客→フォロワー→ファン→会員→信者(伝導者)）
-- en: the seven stages of a customer, from buyer to evangelist
-- key: customer_id
-- column: customer_id | text | 統合顧客ID | unified customer id | keyed
-- column: purchases | long | 購入回数（累計） | purchases, ever | plain
-- column: recent_purchases | long | 直近の期間の購入回数 | purchases in the window | plain
-- column: stage | integer | 段階 0–7（0は購入者の条件を満たさない） | stage 0 to 7; 0 = the rule of the first one does not hold | plain
-- column: stage_name | text | 段階の名前 | name of the stage | plain
-- column: stage_before | integer | 比較時点の段階 | stage $stage_move_days days ago | plain
-- column: is_buyer | boolean | 1 購入者の条件 | rule of stage 1 | plain
-- column: is_customer | boolean | 2 顧客の条件 | rule of stage 2 | plain
-- column: is_keen | boolean | 3 熱心な顧客の条件 | rule of stage 3 | plain
-- column: is_follower | boolean? | 4 フォロワーの条件（データなしはNULL） | rule of stage 4; null where nothing is mapped | plain
-- column: is_fan | boolean? | 5 ファンの条件（データなしはNULL） | rule of stage 5; null where nothing is mapped | plain
-- column: is_member | boolean? | 6 会員の条件（データなしはNULL） | rule of stage 6; null where nothing is mapped | plain
-- column: is_evangelist | boolean? | 7 信者(伝導者)の条件（データなしはNULL） | rule of stage 7; null where nothing is mapped | plain
-- 定義: 段階の条件はパイプラインの parameters による。期間は、その時点までの $stage_days × 24時間。
-- 定義: 1 購入者: 累計購入が $stage_buyer_purchases 回以上。2 顧客: 累計購入が $stage_customer_purchases 回以上。
-- 定義: 3 熱心な顧客: 期間内の購入が $stage_keen_purchases 回以上。4 フォロワー: 期間内の開封・クリックが $stage_follower_answers 回以上。
-- 定義: 5 ファン: 期間内の応募・イベント・アンケート・コミュニティ・お客様の声が $stage_fan_parts 回以上。
-- 定義: 6 会員: 入会またはランクがあり、その後に退会していない。7 信者(伝導者): 累計の紹介が $stage_evangelist_referrals 回以上。
-- 定義: その段階とそれより前の条件をすべて満たす、最も高い段階に立つ。購入者の誰にもデータのない段階は飛ばし、条件はNULL。購入のない人の行はない。
-- A stage's rule, by the parameters of the pipeline; a window is the $stage_days × 24 hours up to the moment.
-- 1 購入者: $stage_buyer_purchases purchases or more, ever. 2 顧客: $stage_customer_purchases or more, ever.
-- 3 熱心な顧客: $stage_keen_purchases or more in the window. 4 フォロワー: opened or clicked $stage_follower_answers times or more in the window.
-- 5 ファン: took part $stage_fan_parts times or more in the window (応募, イベント, アンケート, コミュニティ, お客様の声).
-- 6 会員: a record id of the person has joined or has a rank, and has not withdrawn since. 7 信者(伝導者): referred others
-- $stage_evangelist_referrals times or more, ever.
-- A person stands on the highest stage of which the rule and those of all stages before it hold. A stage is skipped where no buyer has a fact of
-- the categories that it reads, as nothing is mapped to them (a source of surveys maps no referral): its rule is null, and the stages after it do
-- not ask for it.
-- Who never bought has no row.
with record as (
    select
        customer_id,
        count(case when event_type = 'message' and category in ('opened', 'clicked') then 1 end) as answers_ever,
        count(case when event_type = 'engagement' and category in ('entry', 'event', 'survey', 'community', 'voice') then 1 end) as parts_ever,
        count(case when event_type = 'membership' and category in ('joined', 'rank', 'withdrawn') then 1 end) as memberships,
        count(case when event_type = 'message' and category in ('opened', 'clicked') and age < $stage_days then 1 end) as answers,
        count(case when event_type = 'message' and category in ('opened', 'clicked') and age >= $stage_move_days
            and age < $stage_move_days + $stage_days then 1 end) as answers_then,
        count(case when category in ('entry', 'event', 'survey', 'community', 'voice') and event_type = 'engagement' and age < $stage_days then 1 end) as parts,
        count(case when category in ('entry', 'event', 'survey', 'community', 'voice') and event_type = 'engagement' and age >= $stage_move_days
            and age < $stage_move_days + $stage_days then 1 end) as parts_then,
        count(case when event_type = 'engagement' and category = 'referral' then 1 end) as referrals,
        count(case when event_type = 'engagement' and category = 'referral' and age >= $stage_move_days then 1 end) as referrals_then,
        -- The youngest word counts; of two at one time the withdrawal.
        min(case when event_type = 'membership' and category in ('joined', 'rank') then age end)
            < coalesce(min(case when event_type = 'membership' and category = 'withdrawn' then age end), 1e9) as member,
        min(case when event_type = 'membership' and category in ('joined', 'rank') and age >= $stage_move_days then age end)
            < coalesce(min(case when event_type = 'membership' and category = 'withdrawn' and age >= $stage_move_days then age end), 1e9) as member_then
    from (
        select customer_id, channel, record_id, event_type, category, (date_part('epoch', $as_of) - date_part('epoch', occurred_at)) / 86400 as age
        from _event
        where (event_type in ('engagement', 'membership') or event_type = 'message' and category in ('opened', 'clicked')) and customer_id is not null
    )
    group by customer_id, channel, record_id
),
person as (
    select
        customer_id,
        sum(answers_ever) as answers_ever,
        sum(parts_ever) as parts_ever,
        sum(memberships) as memberships,
        sum(answers) as answers,
        sum(answers_then) as answers_then,
        sum(parts) as parts,
        sum(parts_then) as parts_then,
        sum(referrals) as referrals,
        sum(referrals_then) as referrals_then,
        coalesce(bool_or(member), false) as member,
        coalesce(bool_or(member_then), false) as member_then
    from record
    group by customer_id
),
rule as (
    select
        b.customer_id,
        b.purchases,
        b.recent,
        b.purchases >= $stage_buyer_purchases as r1,
        b.purchases >= $stage_customer_purchases as r2,
        b.recent >= $stage_keen_purchases as r3,
        case when sum(p.answers_ever) over () > 0 then coalesce(p.answers, 0) >= $stage_follower_answers end as r4,
        case when sum(p.parts_ever) over () > 0 then coalesce(p.parts, 0) >= $stage_fan_parts end as r5,
        case when sum(p.memberships) over () > 0 then coalesce(p.member, false) end as r6,
        case when sum(p.referrals) over () > 0 then coalesce(p.referrals, 0) >= $stage_evangelist_referrals end as r7,
        b.before >= $stage_buyer_purchases as t1,
        b.before >= $stage_customer_purchases as t2,
        b.recent_before >= $stage_keen_purchases as t3,
        case when sum(p.answers_ever) over () > 0 then coalesce(p.answers_then, 0) >= $stage_follower_answers end as t4,
        case when sum(p.parts_ever) over () > 0 then coalesce(p.parts_then, 0) >= $stage_fan_parts end as t5,
        case when sum(p.memberships) over () > 0 then coalesce(p.member_then, false) end as t6,
        case when sum(p.referrals) over () > 0 then coalesce(p.referrals_then, 0) >= $stage_evangelist_referrals end as t7
    from _buyer b
    left join person p on p.customer_id = b.customer_id
),
staged as (
    select
        *,
        case
            when not r1 then 0
            when not r2 then 1
            when not r3 then 2
            -- From here on a rule may be null: its stage is skipped.
            when r4 = false then 3
            when r5 = false then case when r4 then 4 else 3 end
            when r6 = false then case when r5 then 5 when r4 then 4 else 3 end
            when r7 then 7
            when r6 then 6
            when r5 then 5
            when r4 then 4
            else 3
        end as stage,
        case
            when not t1 then 0
            when not t2 then 1
            when not t3 then 2
            when t4 = false then 3
            when t5 = false then case when t4 then 4 else 3 end
            when t6 = false then case when t5 then 5 when t4 then 4 else 3 end
            when t7 then 7
            when t6 then 6
            when t5 then 5
            when t4 then 4
            else 3
        end as stage_then
    from rule
)
select
    customer_id,
    purchases,
    recent as recent_purchases,
    stage,
    case stage
        when 1 then '購入者'
        when 2 then '顧客'
        when 3 then '熱心な顧客'
        when 4 then 'フォロワー'
        when 5 then 'ファン'
        when 6 then '会員'
        when 7 then '信者(伝導者)'
        else 'なし'
    end as stage_name,
    stage_then as stage_before,
    r1 as is_buyer,
    r2 as is_customer,
    r3 as is_keen,
    r4 as is_follower,
    r5 as is_fan,
    r6 as is_member,
    r7 as is_evangelist
from staged
