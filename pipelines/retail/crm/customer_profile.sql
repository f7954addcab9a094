-- ja: 顧客プロファイル（一人一行、全ての指標とフラグを横並びに）
-- en: customer profile: one row a customer, every score and flag side by side
-- key: customer_id
-- column: customer_id | text | 統合顧客ID | unified customer id | keyed
-- column: household_id | text | 世帯ID | household id | keyed
-- column: sex | text? | 性別 | sex | plain
-- column: age_band | integer? | 年代（10歳刻み） | age, in bands of ten years | plain
-- column: birth_month | integer? | 誕生月 1–12 | month of birth, 1 to 12 | hidden
-- column: prefecture | text? | 都道府県 | prefecture | hidden
-- column: channels | list<text> | 利用チャネル | channels | plain
-- column: records | integer | レコード数 | records | plain
-- column: first_purchase_at | timestamp? | 初回購買日時 | first purchase | plain
-- column: last_purchase_at | timestamp? | 最終購買日時 | last purchase | plain
-- column: recency_days | long? | 最終購買からの日数（暦日の差） | days since the last purchase, from day to day | plain
-- column: frequency | long? | 購買回数 | purchases | plain
-- column: monetary | amount? | 購買金額（円） | sales, yen | plain
-- column: r | integer? | Rランク 1–5（5が最良） | recency rank, 5 is best | plain
-- column: f | integer? | Fランク 1–5（5が最良） | frequency rank, 5 is best | plain
-- column: m | integer? | Mランク 1–5（5が最良） | monetary rank, 5 is best | plain
-- column: decile | integer? | デシル 1–10（1が最上位） | decile, 1 is highest | plain
-- column: next_purchase_at | timestamp? | 次の購買の見込み（平均間隔から。購買3回以上） | when the next purchase is to be expected by the mean interval; of 3 purchases and more | plain
-- column: cpm | text? | CPM (初回客, よちよち客, コツコツ客, 流行客, 優良客) | cell of the customer portfolio | plain
-- column: cpm_active | boolean? | CPMで現役か | whether it is one of the active cells | plain
-- column: ltv_ratio | double? | LTV（倍） | lifetime value by cost | plain
-- column: ltv_profit | amount? | LTV（利益、円） | sum of profit, yen | plain
-- column: margin | double? | 利益率 | profit by net sales | plain
-- column: discounted_share | double? | 割引購入の割合 0–1 | share of purchases with a coupon or discount | plain
-- column: discount_depth | double? | 割引の深さ 0–1 | discounts by sales before discounts | plain
-- column: top_category | text? | 最も買う商品分類 | category bought most | plain
-- column: top_category_share | double? | その割合 | its share | plain
-- column: top_category_index | double? | その指数（1が全体並み） | its index; 1 is as everybody | plain
-- column: recommended_item | text? | おすすめ商品（1位） | item recommended first | plain
-- column: stage | integer? | 七段階の段階 | stage of the seven | plain
-- column: health_score | double? | ヘルススコア 0–100（契約が複数なら最も低いもの） | health score, 0 to 100; of several contracts the lowest | plain
-- column: contacts | long? | 問い合わせ回数 | contacts | plain
-- column: complaints | long? | クレーム件数 | complaints | plain
-- column: last_contact_at | timestamp? | 最後の問い合わせ | last contact | plain
-- column: member_state | text? | 会員の状態（ランク、member、withdrawn） | rank of the membership that speaks for the customer; member; withdrawn | plain
-- column: memberships | long? | 会員番号の数 | memberships | plain
-- column: point_accounts | long? | ポイント口座の数 | point accounts; they stay apart | plain
-- column: points | amount? | ポイント残高（全口座の計） | points on all of them | plain
-- column: points_expiring_30 | amount? | 30日以内に失効するポイント | of them those that expire within 30 days | plain
-- column: gifts_given | long? | 贈ったギフト数 | gifts given | plain
-- column: gifts_received | long? | 受け取ったギフト数 | gifts received | plain
-- column: visits_30 | long? | 直近30日のWeb来訪 | web visits of the last 30 days | plain
-- column: visits_90 | long? | 直近90日のWeb来訪 | web visits of the last 90 days | plain
-- column: last_visit_at | timestamp? | 最後のWeb来訪 | last web visit | plain
-- column: sent_30 | long? | 直近30日の配信数 | messages sent in the last 30 days | plain
-- column: opened_30 | long? | 開封（30日） | of them opened | plain
-- column: clicked_30 | long? | クリック（30日） | of them clicked | plain
-- column: bought_30 | long? | 購入（30日） | of them followed by a purchase | plain
-- column: sent_90 | long? | 直近90日の配信数 | messages sent in the last 90 days | plain
-- column: opened_90 | long? | 開封（90日） | of them opened | plain
-- column: clicked_90 | long? | クリック（90日） | of them clicked | plain
-- column: bought_90 | long? | 購入（90日） | of them followed by a purchase | plain
-- column: unsubscribed_at | timestamp? | 最後の配信停止 | last time of unsubscribing | plain
-- column: blocked_at | timestamp? | 最後のブロック | last time of blocking | plain
-- column: is_lapsed | boolean? | 離脱（最終購買から12か月超。購買がなければNULL） | lapsed: no purchase for 12 months; null without any | plain
-- column: is_cancelled | boolean? | 解約（契約したが有効な契約がない。契約がなければNULL） | cancelled: had contracts, none in force; null without any | plain
-- column: is_withdrawn | boolean? | 退会（全会員番号が退会。会員でなければNULL） | withdrawn: every membership is; null without any | plain
-- column: granted | list<text>? | 有効な同意（目的/連絡手段） | consents that are in force, as purpose/contact | plain
-- column: denied | list<text>? | 拒否（目的/連絡手段。不明と、同意後の配信停止・ブロック・退会を含む） | what was denied, is unknown, or has ended, as purpose/contact | plain
-- null: top_category, top_category_share, top_category_index without product
-- null: ltv_profit, margin without product, interaction.tax
-- null: recommended_item without interaction.item_id
-- null: health_score without event.engagement
-- null: contacts, complaints, last_contact_at without event.ticket
-- null: member_state, memberships, is_withdrawn without event.membership
-- null: point_accounts, points, points_expiring_30 without event.point
-- null: visits_30, visits_90, last_visit_at without event.web_visit, interaction.visitor_id
-- null: sent_30, opened_30, clicked_30, bought_30, sent_90, opened_90, clicked_90, bought_90, unsubscribed_at, blocked_at without event.message
-- null: is_cancelled without event.contract
-- null: gifts_given, gifts_received without interaction.recipient
-- 定義: 行 = golden_customer の全顧客（購入のない人を含む）。値は同じ名前のマート（rfm、ltv、cpm など）のもので、そこに行がない人はNULL。
-- 定義: 問い合わせ・会員番号・ポイント・ギフト・来訪・配信の数は、その人にないときは0、誰にもないとき（データなし）はNULL。
-- 定義: 開封・クリックの記録が誰にもなくても、配信があれば0（message_response ではNULL）。購入は送信から $conversion_days 日以内のもの。
-- 定義: 来訪は、来訪中または来訪前のログインで分かったもの（web_visit の customer_id）。ヘルススコアは、契約が複数なら最も低いもの。
-- 定義: 次の購買の見込み = 最終購買 + 平均購買間隔（1日未満なら1日）。購買3回以上の人だけ。年代は $as_of での満年齢から。
-- 定義: 離脱 = 最終購買から12か月超。解約 = 契約の記録があり、有効な契約がない。退会 = 全会員番号が退会。その記録のない人はNULL。
-- 定義: 同意は目的・連絡手段ごとに、どれかのレコードの同意が有効なら granted、そうでなければ denied（不明と、同意後に終わったものを含む）。
-- Left joins only: every customer has its row, as in `golden_customer`. A figure is that of the mart of its name (`rfm`, `ltv`, `cpm`, `preference`, `member_rank`,
-- `point_account`, `gift`, `message_response`, `contact_customer`, `recommendation`, `seven_stages`, `health_score`), and null where the customer has no row there. A number of
-- contacts, memberships, points, gifts, visits or messages is 0 of who has none, and null where nobody has any: then nothing is mapped.
-- next_purchase_at = the last purchase and the mean of all intervals, one day at least.
-- A consent is in force as in `consented_address`: what an unsubscribe, a block or the withdrawal of all memberships ended since is none.
-- 離脱, 解約 and 退会 are three different events, so they are three flags. A contract runs as in `contract_churn`: one that ends later is in force
-- until then.
with mapped as (
    select *
    from (select count(*) as contacts from contact_customer) c
    cross join (select count(*) as members from member_rank) k
    cross join (select count(*) as accounts from point_account) o
    cross join (select count(*) as gifts from gift) i
    cross join (select count(*) as visits from web_visit) v
    cross join (select count(*) as messages from message_response) r
),
visit as (
    select
        customer_id,
        count(case when started_at > $as_of - interval '30 days' then 1 end) as visits_30,
        count(case when started_at > $as_of - interval '90 days' then 1 end) as visits_90,
        max(started_at) as last_visit_at
    from web_visit
    where customer_id is not null
    group by customer_id
),
member as (
    select customer_id, max(case when speaks then state end) as state, max(memberships) as memberships, bool_and(state = 'withdrawn') as is_withdrawn
    from member_rank
    where customer_id is not null
    group by customer_id
),
point as (
    select customer_id, count(*) as accounts, sum(balance) as points, sum(expires_30) as expires_30
    from point_account
    where customer_id is not null
    group by customer_id
),
contract as (
    select customer_id, bool_and(not running) as is_cancelled
    from _contract
    where until_at is null and customer_id is not null
    group by customer_id
),
agreed as (
    select
        customer_id,
        array_sort(array_agg(purpose || '/' || contact) filter (where is_in_force)) as granted,
        array_sort(array_agg(purpose || '/' || contact) filter (where not is_in_force)) as denied
    from (select customer_id, purpose, contact, bool_or(is_in_force) as is_in_force from _consent group by customer_id, purpose, contact) c
    group by customer_id
)
select
    g.customer_id,
    g.household_id,
    g.sex,
    10 * ((cast(to_char($as_of, '%Y%m%d') as int) - cast(to_char(g.birth_date, '%Y%m%d') as int)) / 100000) as age_band,
    cast(date_part('month', g.birth_date) as int) as birth_month,
    g.prefecture,
    g.channels,
    g.records,
    b.first_at as first_purchase_at,
    b.last_at as last_purchase_at,
    f.recency_days,
    f.frequency,
    f.monetary,
    f.r,
    f.f,
    f.m,
    f.decile,
    case when b.purchases >= 3 then b.last_at
        + arrow_cast(cast(1000000 * greatest((date_part('epoch', b.last_at) - date_part('epoch', b.first_at)) / (b.purchases - 1), 86400) as bigint),
            'Duration(Microsecond)') end as next_purchase_at,
    n.cpm,
    n.cpm_active,
    l.ltv_ratio,
    l.ltv_profit,
    l.margin,
    l.discounted_share,
    l.discount_depth,
    p.category as top_category,
    p.share as top_category_share,
    p.index as top_category_index,
    i.item_id as recommended_item,
    s.stage,
    h.health_score,
    case when mapped.contacts > 0 then coalesce(c.contacts, 0) end as contacts,
    case when mapped.contacts > 0 then coalesce(c.complaints, 0) end as complaints,
    c.last_contact_at,
    k.state as member_state,
    case when mapped.members > 0 then coalesce(k.memberships, 0) end as memberships,
    case when mapped.accounts > 0 then coalesce(o.accounts, 0) end as point_accounts,
    case when mapped.accounts > 0 then coalesce(o.points, 0) end as points,
    case when mapped.accounts > 0 then coalesce(o.expires_30, 0) end as points_expiring_30,
    case when mapped.gifts > 0 then coalesce(d.gifts_given, 0) end as gifts_given,
    case when mapped.gifts > 0 then coalesce(d.gifts_received, 0) end as gifts_received,
    case when mapped.visits > 0 then coalesce(v.visits_30, 0) end as visits_30,
    case when mapped.visits > 0 then coalesce(v.visits_90, 0) end as visits_90,
    v.last_visit_at,
    case when mapped.messages > 0 then coalesce(r.sent_30, 0) end as sent_30,
    case when mapped.messages > 0 then coalesce(r.opened_30, 0) end as opened_30,
    case when mapped.messages > 0 then coalesce(r.clicked_30, 0) end as clicked_30,
    case when mapped.messages > 0 then coalesce(r.bought_30, 0) end as bought_30,
    case when mapped.messages > 0 then coalesce(r.sent_90, 0) end as sent_90,
    case when mapped.messages > 0 then coalesce(r.opened_90, 0) end as opened_90,
    case when mapped.messages > 0 then coalesce(r.clicked_90, 0) end as clicked_90,
    case when mapped.messages > 0 then coalesce(r.bought_90, 0) end as bought_90,
    r.unsubscribed_at,
    r.blocked_at,
    case when b.last_at < $as_of - interval '12 months' then true when b.last_at is not null then false end as is_lapsed,
    t.is_cancelled,
    k.is_withdrawn,
    a.granted,
    a.denied
from golden_customer g
left join _buyer b on b.customer_id = g.customer_id
left join rfm f on f.customer_id = g.customer_id
left join ltv l on l.customer_id = g.customer_id
left join _segment n on n.customer_id = g.customer_id
left join (select * from _preference where rank = 1) p on p.customer_id = g.customer_id
left join (select customer_id, item_id from recommendation where rank = 1) i on i.customer_id = g.customer_id
left join seven_stages s on s.customer_id = g.customer_id
left join (select customer_id, min(score) as health_score from health_score group by customer_id) h on h.customer_id = g.customer_id
left join contact_customer c on c.customer_id = g.customer_id
left join member k on k.customer_id = g.customer_id
left join point o on o.customer_id = g.customer_id
left join gift d on d.customer_id = g.customer_id
left join visit v on v.customer_id = g.customer_id
left join (select * from message_response where medium = 'all') r on r.customer_id = g.customer_id
left join contract t on t.customer_id = g.customer_id
left join agreed a on a.customer_id = g.customer_id
cross join mapped
