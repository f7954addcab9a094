-- ja: デシル分析（購買金額で10等分）
-- en: ten equal groups of buyers by amount
-- key: decile
-- restated: customers, amount
-- column: decile | integer | デシル 1–10（1が最上位） | decile, 1 is highest | plain
-- column: customers | long | 顧客数 | customers | plain
-- column: amount | amount | 購買金額（円） | amount in yen | plain
-- column: average_amount | double | 一人当たり購買金額（円） | amount per customer in yen | plain
-- column: share | double | 売上構成比 0–1（合計が0円を超える顧客の売上に占める割合） | share of the sales of buyers above 0 yen, 0 to 1 | plain
-- column: cumulative_share | double | 累積売上構成比 0–1（合計が0円を超える顧客の売上に占める割合） | cumulative share of the sales of buyers above 0 yen, 0 to 1 | plain
-- 定義: 購入者を購買金額の多い順に10等分する。割り切れない分は上位のデシルから1人ずつ多く、同額なら顧客IDの順。期間は $as_of までの全購入。
-- 定義: 売上構成比 = デシルの売上 ÷ 全購入者の売上。累積は1からそのデシルまで。合計が0円以下の購入者は、顧客数と金額に入れ、構成比の分子・分母に入れない。
-- 定義: 構成比の分母が0なら0。
-- Ten equal groups of buyers by amount, with their share of sales. A share is of what is above 0 yen: buyers of whom more came back than they
-- paid count in customers and amount, and in no share.
with buyer as (
    select customer_id, amount, ntile(10) over (order by amount desc, customer_id) as decile from _purchaser
),
grouped as (
    select decile, count(*) as customers, sum(amount) as amount, sum(case when amount > 0 then amount else 0 end) as above
    from buyer
    group by decile
)
select
    decile,
    customers,
    amount,
    cast(amount as double) / customers as average_amount,
    -- Of sales of nothing, nobody has a share.
    coalesce(cast(above as double) / nullif(sum(above) over (), 0), 0) as share,
    coalesce(cast(sum(above) over (order by decile) as double) / nullif(sum(above) over (), 0), 0) as cumulative_share
from grouped
