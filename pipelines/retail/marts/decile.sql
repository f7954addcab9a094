-- ja: デシル分析（購買金額で10等分）
-- en: ten equal groups of buyers by amount
-- key: decile
-- restated: customers, amount
-- column: decile | integer | デシル 1–10（1が最上位） | decile, 1 is highest | plain
-- column: customers | long | 顧客数 | customers | plain
-- column: amount | amount | 購買金額（円） | amount in yen | plain
-- column: average_amount | double | 一人当たり購買金額（円） | amount per customer in yen | plain
-- column: share | double | 売上構成比 0–1 | share of sales, 0 to 1 | plain
-- column: cumulative_share | double | 累積売上構成比 0–1 | cumulative share of sales, 0 to 1 | plain
-- Ten equal groups of buyers by amount, with their share of sales.
with buyer as (
    select customer_id, amount, ntile(10) over (order by amount desc, customer_id) as decile from _purchaser
),
grouped as (
    select decile, count(*) as customers, sum(amount) as amount from buyer group by decile
)
select
    decile,
    customers,
    amount,
    cast(amount as double) / customers as average_amount,
    -- Of sales of nothing, nobody has a share.
    coalesce(cast(amount as double) / nullif(sum(amount) over (), 0), 0) as share,
    coalesce(cast(sum(amount) over (order by decile) as double) / nullif(sum(amount) over (), 0), 0) as cumulative_share
from grouped
