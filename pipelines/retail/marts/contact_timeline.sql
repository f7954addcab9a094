-- ja: 顧客の接点の時系列
-- en: what, which channel, when, which complaint, per customer
-- key: customer_id, position
-- column: customer_id | text | 統合顧客ID | unified customer id | keyed
-- column: position | long | 順番（1から） | place in the customer's timeline, from 1 | plain
-- column: occurred_at | timestamp? | 発生日時 | when it happened | plain
-- column: channel | text | チャネル | channel | plain
-- column: event_id | text | 明細番号 | id within the channel | keyed
-- column: event_type | text | 種別 | kind of fact | plain
-- column: category | text? | 分類（クレーム等） | category, such as a complaint | plain
-- column: item_name | text? | 商品名 | item name | plain
-- column: amount | amount? | 金額（円） | amount in yen | plain
-- column: detail | text? | 内容 | text | hidden
-- 定義: 行 = 顧客の分かる出来事（interaction の一行）。全チャネルを通して日時の順に並べ、同時ならチャネル・明細番号の順。
-- 定義: 期間は $as_of まで。日時の分からないものも含み、その顧客の最後に置く。
-- What a customer did and said, over all channels, in order of time.
select
    customer_id,
    row_number() over (partition by customer_id order by occurred_at, channel, event_id) as position,
    occurred_at,
    channel,
    event_id,
    event_type,
    category,
    item_name,
    amount,
    detail
from interaction
where customer_id is not null and (occurred_at <= $as_of or occurred_at is null)
