-- ja: チャネル併用（顧客のチャネルの組ごと）
-- en: customers by set of channels
-- key: channels
-- column: channels | text | チャネルの組（+区切り） | channels, joined by + | plain
-- column: customers | long | 顧客数 | customers | plain
-- column: share | double | 構成比 0–1 | share of customers, 0 to 1 | plain
-- column: buyers | long | 購入者数 | customers with a purchase | plain
-- column: amount | amount | 購買金額（円） | amount in yen | plain
-- 定義: 構成比 = その組のチャネルにレコードのある顧客 ÷ 全顧客（購入のない人を含む）。組は golden_customer の channels。
-- 定義: 購入者数と金額は $as_of までの全購入で、どのチャネルでもよい。金額は値引前、返品を差し引いた額。購入がなければ0。
-- Customers by the set of channels that they use.
select
    array_to_string(g.channels, '+') as channels,
    count(*) as customers,
    count(*) / cast(sum(count(*)) over () as double) as share,
    count(b.customer_id) as buyers,
    coalesce(sum(b.amount), 0) as amount
from golden_customer g
left join _purchaser b on b.customer_id = g.customer_id
group by array_to_string(g.channels, '+')
