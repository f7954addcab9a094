-- ja: LTV（倍率・売上・利益）と割引依存度（購入した顧客ごと）
-- en: lifetime value of each buyer as a ratio, as sales and as profit, with dependence on discounts
-- key: customer_id
-- restated: ltv_ratio, ltv_sales, ltv_profit
-- column: customer_id | text | 統合顧客ID | unified customer id | keyed
-- column: average_purchase | double | 平均購買単価（円） | amount per purchase in yen | plain
-- column: purchases_per_year | double | 購買頻度（回/年） | purchases a year | plain
-- column: lifetime_years | double | 継続購買期間（年） | years from first to last purchase, at least one | plain
-- column: gross_value | double | 購買価値（円） | product of the three in yen | plain
-- column: acquisition_cost | double | 新規獲得コスト（円） | cost to win this customer in yen | plain
-- column: cost | double | 新規獲得コスト＋顧客維持コスト（円） | acquisition and retention cost in yen | plain
-- column: ltv_ratio | double? | LTV（倍） | gross value by cost; null where the cost is 0 | plain
-- column: ltv_sales | amount | LTV（売上、円） | sum of sales in yen | plain
-- column: ltv_profit | amount? | LTV（利益、円） | sum of profit in yen, of the purchases whose cost and tax are known | plain
-- column: profit_known | double? | 利益が分かる売上の割合 0–1 | share of sales whose profit is known, 0 to 1; null where there are none | plain
-- column: margin | double? | 利益率（売上が0円以下ならNULL） | profit by net sales, of the purchases whose profit is known; null where these are 0 or less | plain
-- column: discounted_share | double? | 割引購入の割合 0–1（割引の分かるチャネルの購入のうち） | share of purchases with a coupon or discount, 0 to 1, of the channels that tell | plain
-- column: discount_depth | double? | 割引の深さ 0–1（割引の分かるチャネルの購入のうち） | discounts by sales before discounts, of the channels that tell | plain
-- 定義: LTV（倍）= 平均購買単価 × 購買頻度 × 継続購買期間 ÷（新規獲得コスト + 顧客維持コスト）。期間が1年未満なら1年とし、維持コストは年ごとにかかる。
-- 定義: 新規獲得コスト = 初回購入の媒体のその月の広告費 ÷ その媒体で初めて購入した人数。その媒体と月の広告費がなければ $acquisition_cost。
-- 定義: LTV（利益）= 値引・返品・利用ポイント・消費税を除いた売上 − 原価 − 店舗負担送料。原価と税の分かる購入だけの合計で、その割合が profit_known。
-- 定義: 割引依存度（割引購入の割合・割引の深さ）は、割引の分かるチャネルの購入だけを数える。割引を記録しないカードの売上は定価の売上とはみなさない。
-- 定義: 期間は $as_of までの全購入。
-- ltv_ratio = 平均購買単価 × 購買頻度 × 継続購買期間 ÷ (新規獲得コスト + 顧客維持コスト)
-- A lifetime of less than a year counts as one year; retention is paid for every year of it.
-- 新規獲得コスト: what was spent on the medium of the first purchase in its month ÷ the persons whose first purchase it brought in that month;
-- $acquisition_cost where no spend of that medium and month is mapped.
-- ltv_profit: sales after discounts, returns, points used and tax, less item cost and the shipping that the shop bore.
-- profit_known is by purchases above 0 yen: where more came back than was paid there is no share.
-- Coupon dependence (discounted_share, discount_depth) is over the purchases of channels that tell: a channel tells if any of its purchases has a
-- coupon or discount. A card whose sales never say what was taken off tells nothing, and its sales are not full-price sales. Null where the customer
-- bought in no such channel; discount_depth also where these sales are 0 or less. Window of all: every purchase up to $as_of.
with buyer as (
    select
        *,
        cast(amount as double) as sales,
        cast(date_trunc('month', to_local_time(first_purchase_at)) as date) as first_month,
        greatest((date_part('epoch', last_purchase_at) - date_part('epoch', first_purchase_at)) / (365.25 * 86400), 1.0) as years
    from _purchaser
),
spent as (
    select s.medium, s.month, cast(s.amount as double) / n.persons as acquisition_cost
    from medium_spend s
    join (select first_medium, first_month, count(*) as persons from buyer group by first_medium, first_month) n
        on n.first_medium = s.medium and n.first_month = s.month
)
select
    b.customer_id,
    b.sales / b.purchases as average_purchase,
    b.purchases / b.years as purchases_per_year,
    b.years as lifetime_years,
    b.sales as gross_value,
    coalesce(s.acquisition_cost, $acquisition_cost) as acquisition_cost,
    coalesce(s.acquisition_cost, $acquisition_cost) + $retention_cost * b.years as cost,
    b.sales / nullif(coalesce(s.acquisition_cost, $acquisition_cost) + $retention_cost * b.years, 0) as ltv_ratio,
    b.amount as ltv_sales,
    b.profit as ltv_profit,
    coalesce(cast(b.profit_amount as double), 0) / nullif(cast(b.positive_amount as double), 0) as profit_known,
    case when b.profit_net > 0 then cast(b.profit as double) / cast(b.profit_net as double) end as margin,
    b.discounted_purchases / nullif(cast(b.told_purchases as double), 0) as discounted_share,
    case when b.told_amount > 0 then coalesce(cast(b.told_discount as double), 0) / cast(b.told_amount as double) end as discount_depth
from buyer b
left join spent s on s.medium = b.first_medium and s.month = b.first_month
