-- ja: 配信への反応（顧客・手段ごと、直近30日・90日）
-- en: responses to messages, by customer and way, of the last 30 and 90 days
-- key: customer_id, medium
-- needs: event.message
-- column: customer_id | text | 統合顧客ID | unified customer id | keyed
-- column: medium | text | 手段 (email, push, line…)。allは全手段、unknownは手段不明 | way; all = every way, unknown = none given | plain
-- column: sent_7 | long | 直近7日の配信数（接触上限の判定用） | sends of the last 7 days, for the contact cap | plain
-- column: sent_30 | long | 直近30日の配信数 | sends of the last 30 days | plain
-- column: opened_30 | long? | うち開封 | of them opened | plain
-- column: clicked_30 | long? | うちクリック | of them clicked | plain
-- column: bought_30 | long | うち期間内に購入 | of them followed by a purchase within $conversion_days days | plain
-- column: unsubscribed_30 | long? | 直近30日の配信停止 | unsubscribed from, of the last 30 days | plain
-- column: blocked_30 | long? | 直近30日のブロック | blocked, of the last 30 days | plain
-- column: sent_90 | long | 直近90日の配信数 | sends of the last 90 days | plain
-- column: opened_90 | long? | うち開封 | of them opened | plain
-- column: clicked_90 | long? | うちクリック | of them clicked | plain
-- column: bought_90 | long | うち期間内に購入 | of them followed by a purchase within $conversion_days days | plain
-- column: unsubscribed_90 | long? | 直近90日の配信停止 | unsubscribed from, of the last 90 days | plain
-- column: blocked_90 | long? | 直近90日のブロック | blocked, of the last 90 days | plain
-- column: last_sent_at | timestamp? | 最終配信日時 | last send | plain
-- column: last_opened_at | timestamp? | 最終開封日時 | last time that a message was opened first | plain
-- column: last_clicked_at | timestamp? | 最終クリック日時 | last time that a message was clicked first | plain
-- column: unsubscribed_at | timestamp? | 最終の配信停止日時 | last time of unsubscribing | plain
-- column: blocked_at | timestamp? | 最終のブロック日時 | last time of blocking | plain
-- 定義: 直近n日の配信 = $as_of までの n × 24時間に送信されたもの。反応（開封・クリック・購入・配信停止・ブロック）は、時期を問わずその配信に数える。
-- 定義: 送信の分からない反応は、その反応の日時で数える（配信数には入らない）。一つの配信への同じ種類の反応は、何回でも一つ。
-- 定義: 購入 = 送信から $conversion_days 日（24時間単位）以内に購入のあった配信。送信からその日数がたつまで、数は増えうる。
-- 定義: 誰にも一度もない種類の反応は、データなしとしてNULL。配信も反応もない顧客の行はない。
-- A message is of the last n days if it was sent in the n × 24 hours up to $as_of; its answers count with it, whenever they came: an
-- answer names its send, and the clocks of two tools may differ. A purchase names none: it counts from the send on alone.
-- An answer to no known send counts at its own time. Several answers of a kind to one message are one. bought_30 and bought_90 can still
-- grow for sends younger than $conversion_days days. An answer that nobody ever gave is not mapped:
-- its numbers are null. Customers who never got a message have no row.
with recent as (
    select
        customer_id,
        coalesce(medium, 'unknown') as way,
        sent_at,
        opened_at,
        clicked_at,
        unsubscribed_at,
        blocked_at,
        at + interval '90 days' > $as_of as in_90,
        at + interval '30 days' > $as_of as in_30,
        at + interval '7 days' > $as_of as in_7,
        sent_at is not null as sent,
        opened_at is not null as opened,
        clicked_at is not null as clicked,
        bought_at is not null as bought,
        unsubscribed_at is not null as unsubscribed,
        blocked_at is not null as blocked,
        count(opened_at) over () > 0 as is_opened_mapped,
        count(clicked_at) over () > 0 as is_clicked_mapped,
        count(unsubscribed_at) over () > 0 as is_unsubscribed_mapped,
        count(blocked_at) over () > 0 as is_blocked_mapped
    from _send
    where customer_id is not null
)
select
    customer_id,
    case when grouping(way) = 1 then 'all' else way end as medium,
    count(case when sent and in_7 then 1 end) as sent_7,
    count(case when sent and in_30 then 1 end) as sent_30,
    case when bool_or(is_opened_mapped) then count(case when opened and in_30 then 1 end) end as opened_30,
    case when bool_or(is_clicked_mapped) then count(case when clicked and in_30 then 1 end) end as clicked_30,
    count(case when bought and in_30 then 1 end) as bought_30,
    case when bool_or(is_unsubscribed_mapped) then count(case when unsubscribed and in_30 then 1 end) end as unsubscribed_30,
    case when bool_or(is_blocked_mapped) then count(case when blocked and in_30 then 1 end) end as blocked_30,
    count(case when sent and in_90 then 1 end) as sent_90,
    case when bool_or(is_opened_mapped) then count(case when opened and in_90 then 1 end) end as opened_90,
    case when bool_or(is_clicked_mapped) then count(case when clicked and in_90 then 1 end) end as clicked_90,
    count(case when bought and in_90 then 1 end) as bought_90,
    case when bool_or(is_unsubscribed_mapped) then count(case when unsubscribed and in_90 then 1 end) end as unsubscribed_90,
    case when bool_or(is_blocked_mapped) then count(case when blocked and in_90 then 1 end) end as blocked_90,
    max(sent_at) as last_sent_at,
    max(opened_at) as last_opened_at,
    max(clicked_at) as last_clicked_at,
    max(unsubscribed_at) as unsubscribed_at,
    max(blocked_at) as blocked_at
from recent
group by grouping sets ((customer_id, way), (customer_id))
