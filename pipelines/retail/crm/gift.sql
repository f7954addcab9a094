-- ja: ギフト（贈った顧客・受け取った顧客ごと）
-- en: gifts by customer: what was given to whom, and what was received
-- key: customer_id
-- needs: interaction.recipient
-- column: customer_id | text | 統合顧客ID | unified customer id | keyed
-- column: household_id | text | 世帯ID | household | keyed
-- column: gifts_given | long | 贈ったギフト数（購入と届け先の組） | gifts given: a purchase to a recipient | plain
-- column: recipients | long | 贈った相手の数 | recipients of them | plain
-- column: known_recipients | long | うち顧客である相手の数 | of them, who are customers | plain
-- column: gift_sales | amount | ギフトの売上（円） | sales of these gifts in yen | plain
-- column: first_given_at | timestamp? | 最初に贈った日時 | when the first one was given | plain
-- column: last_given_at | timestamp? | 最後に贈った日時 | when the last one was given | plain
-- column: gifts_received | long | 受け取ったギフト数（顧客として分かるもの） | gifts received, as far as the recipient is known | plain
-- column: givers | long | 贈ってくれた顧客数 | customers who gave them | plain
-- column: received_from_others | long | うち他の世帯から受け取った数 | of the gifts, those from other households | plain
-- column: first_received_at | timestamp? | 最初に受け取った日時 | when the first one was given to this customer | plain
-- column: bought_after | boolean? | 受け取る前に購入がなく、その後に購入したか（受け取っていなければNULL） | whether the first purchase came after the first gift received; null where none was | plain
-- 定義: ギフト = 届け先が購入者本人でない購入（purchase）と届け先の組。届け先が購入者の別の番号なら、ギフトではない。
-- 定義: 届け先がそのチャネルのレコードなら、その統合顧客を相手とする。そうでなければ届け先の番号ごとに一人とみなす。期間は $as_of までの全購入。
-- A gift is a purchase and a recipient other than its buyer (_gift). Customers who gave or received one; all time up to $as_of.
with pair as (
    select
        customer_id,
        recipient,
        recipient_id,
        count(*) as gifts,
        sum(case when is_within then 0 else 1 end) as gifts_out,
        sum(amount) as amount,
        min(occurred_at) as first_at,
        max(occurred_at) as last_at
    from _gift
    group by customer_id, recipient, recipient_id
),
given as (
    select
        customer_id,
        sum(gifts) as gifts_given,
        count(*) as recipients,
        count(recipient_id) as known_recipients,
        sum(amount) as gift_sales,
        min(first_at) as first_given_at,
        max(last_at) as last_given_at
    from pair
    group by customer_id
),
received as (
    select
        recipient_id as customer_id,
        sum(gifts) as gifts_received,
        count(*) as givers,
        sum(gifts_out) as received_from_others,
        min(first_at) as first_received_at
    from pair
    where recipient_id is not null
    group by recipient_id
)
select
    g.customer_id,
    g.household_id,
    coalesce(o.gifts_given, 0) as gifts_given,
    coalesce(o.recipients, 0) as recipients,
    coalesce(o.known_recipients, 0) as known_recipients,
    coalesce(o.gift_sales, 0) as gift_sales,
    o.first_given_at,
    o.last_given_at,
    coalesce(r.gifts_received, 0) as gifts_received,
    coalesce(r.givers, 0) as givers,
    coalesce(r.received_from_others, 0) as received_from_others,
    r.first_received_at,
    case when r.customer_id is not null then coalesce(b.first_purchase_at > r.first_received_at, false) end as bought_after
from golden_customer g
left join given o on o.customer_id = g.customer_id
left join received r on r.customer_id = g.customer_id
left join _purchaser b on b.customer_id = g.customer_id
where o.customer_id is not null or r.customer_id is not null
