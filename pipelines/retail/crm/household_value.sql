-- ja: 世帯LTV（購入のあった世帯ごと）
-- en: lifetime value of each household with a purchase
-- key: household_id
-- column: household_id | text | 世帯ID | household | keyed
-- column: members | long | 世帯の顧客数 | customers of the household | plain
-- column: buyers | long | 購入者数 | of them, those who bought | plain
-- column: purchases | long | 購買回数 | purchases | plain
-- column: ltv_sales | amount | 世帯LTV（売上、円） | sum of sales in yen | plain
-- column: ltv_profit | amount? | 世帯LTV（利益、円） | sum of profit in yen, of the purchases whose cost and tax are known | plain
-- column: profit_known | double? | 利益が分かる売上の割合 0–1 | share of sales whose profit is known, 0 to 1; null where there are none | plain
-- column: first_purchase_at | timestamp | 初回購買日時 | time of the first purchase | plain
-- column: last_purchase_at | timestamp | 最終購買日時 | time of the last purchase | plain
-- column: largest_share | double? | 最も多く買う人の売上割合 0–1 | share of the sales of the member who buys most, 0 to 1; null where there are none | plain
-- 定義: 行 = 購入のあった世帯。世帯は今日の golden_customer の household_id で、値は世帯の顧客の ltv の合計。期間は $as_of までの全購入。
-- 定義: profit_known = 利益の分かる購入の売上 ÷ 全購入の売上。largest_share = 最も多く買う人の売上 ÷ 世帯の売上。
-- 定義: 割合は0円を超えるものだけで計算する。返品の方が多い購入（largest_share では人）は数えず、残りがなければNULL。
-- Sums of ltv over the customers of one household_id, as golden_customer has them now. Households in which nobody bought are left out.
-- A share is of what is above 0 yen: purchases of which more came back than was paid do not count in profit_known, nor members whose sales are
-- below 0 in largest_share.
select
    g.household_id,
    count(*) as members,
    count(b.customer_id) as buyers,
    sum(b.purchases) as purchases,
    sum(b.amount) as ltv_sales,
    sum(b.profit) as ltv_profit,
    coalesce(cast(sum(b.profit_amount) as double), 0) / nullif(cast(sum(b.positive_amount) as double), 0) as profit_known,
    min(b.first_purchase_at) as first_purchase_at,
    max(b.last_purchase_at) as last_purchase_at,
    cast(max(case when b.amount > 0 then b.amount end) as double) / cast(sum(case when b.amount > 0 then b.amount end) as double) as largest_share
from golden_customer g
left join _purchaser b on b.customer_id = g.customer_id
group by g.household_id
having count(b.customer_id) > 0
