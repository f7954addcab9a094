-- ja: ギフト（月次）
-- en: gifts by month
-- key: month
-- needs: interaction.recipient
-- column: month | date | 月（1日の日付） | month, as its first day | plain
-- column: purchases | long | 購買回数 | purchases | plain
-- column: gift_purchases | long | うちギフトのある購入 | of them, those with a gift | plain
-- column: gift_share | double | ギフト購入の割合 0–1 | gift_purchases by purchases | plain
-- column: gifts | long | ギフト数（購入と届け先の組） | gifts: a purchase to a recipient | plain
-- column: givers | long | 贈った顧客数 | customers who gave one | plain
-- column: recipients | long | 相手の数 | recipients | plain
-- column: recipients_per_giver | double? | 一人当たりの相手の数 | recipients by givers | plain
-- column: new_givers | long | 初めて贈った顧客数 | customers whose first gift it was | plain
-- column: gift_sales | amount | ギフトの売上（円） | sales of the gifts in yen | plain
-- 定義: ギフトは gift と同じ。月は購入の月。二人が同じ相手に贈れば、相手は一人と数える。
-- Gifts are those of gift, by the month of their purchase. One to whom two gave is one recipient. Months are those in which anything was bought.
with gift as (
    select *, min(occurred_at) over (partition by customer_id) as first_at, cast(date_trunc('month', to_local_time(occurred_at)) as date) as month
    from _gift
),
given as (
    select
        month,
        count(*) as gifts,
        count(distinct customer_id || ' ' || channel || ' ' || purchase) as gift_purchases,
        count(distinct customer_id) as givers,
        count(distinct recipient) as recipients,
        count(distinct case when occurred_at = first_at then customer_id end) as new_givers,
        sum(amount) as gift_sales
    from gift
    group by month
)
select
    p.month,
    p.purchases,
    coalesce(g.gift_purchases, 0) as gift_purchases,
    cast(coalesce(g.gift_purchases, 0) as double) / p.purchases as gift_share,
    coalesce(g.gifts, 0) as gifts,
    coalesce(g.givers, 0) as givers,
    coalesce(g.recipients, 0) as recipients,
    cast(g.recipients as double) / nullif(g.givers, 0) as recipients_per_giver,
    coalesce(g.new_givers, 0) as new_givers,
    coalesce(g.gift_sales, 0) as gift_sales
from (
    select cast(date_trunc('month', to_local_time(occurred_at)) as date) as month, count(*) as purchases from purchase group by 1
) p
left join given g on g.month = p.month
