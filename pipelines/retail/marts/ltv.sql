-- LTV = 平均購買単価 × 購買頻度 × 継続購買期間 ÷ (新規獲得コスト + 顧客維持コスト)
-- A lifetime of less than a year counts as one year; retention is paid for every year of it.
with buyer as (
    select
        customer_id,
        cast(amount as double) as amount,
        purchases,
        greatest((date_part('epoch', last_purchase_at) - date_part('epoch', first_purchase_at)) / (365.25 * 86400), 1.0) as years
    from _purchaser
)
select
    customer_id,
    amount / purchases as average_purchase,
    purchases / years as purchases_per_year,
    years as lifetime_years,
    amount as gross_value,
    $acquisition_cost + $retention_cost * years as cost,
    amount / ($acquisition_cost + $retention_cost * years) as ltv
from buyer
