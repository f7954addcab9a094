-- ja: CPM分析（初回客・よちよち客・コツコツ客・流行客・優良客 × 現役・離脱の10区分）
-- en: customer portfolio: ten cells of buyers by tenure, amount and time since the last purchase
-- key: position
-- column: position | integer | 並び順 1–10（現役1–5、離脱6–10） | place 1 to 10: active ones 1 to 5, those who left 6 to 10 | plain
-- column: cpm | text | 区分 | cell: 初回客 first, よちよち客 young, コツコツ客 steady, 流行客 fashion, 優良客 loyal | plain
-- column: active | boolean | 現役か（falseは離脱） | whether they are active; false: they left | plain
-- column: customers | long | 人数 | persons | plain
-- column: share | double? | 構成比 0–1 | share of all buyers, 0 to 1 | plain
-- column: amount | amount | 累計購入金額（円） | amount in yen | plain
-- column: average_amount | double? | 一人当たり購入金額（円） | amount per person in yen | plain
-- column: average_purchases | double? | 一人当たり購買回数 | purchases per person | plain
-- column: average_tenure_days | double? | 平均在籍日数（初回から最終購入まで） | mean days from first to last purchase | plain
-- 定義: 初回客: 購入1回。よちよち客: 2回以上で、初回から最終購入までが $cpm_young_days 日未満。コツコツ客: それ以上の期間で、累計 $cpm_amount 円未満。
-- 定義: 流行客: 累計 $cpm_amount 円以上で、期間が $cpm_loyal_days 日未満。優良客: 累計は同じで、期間が $cpm_loyal_days 日以上。
-- 定義: 離脱: 最終購入から $cpm_left_days 日以上。日数は日付の差。既定値（90日・210日・70,000円・240日）はLTV-Labのヘルプのもの。
-- 定義: 構成比 = その区分の人 ÷ 全購入者。期間は $as_of までの全購入。人のいない区分も行があり、平均はNULL。
-- 初回客: one purchase. よちよち客: two and more, less than $cpm_young_days from the first to the last. コツコツ客: longer, less than $cpm_amount yen.
-- 流行客: so much and more, in less than $cpm_loyal_days. 優良客: so much, over a longer time. 離脱: no purchase for $cpm_left_days. The defaults (90
-- and 210 days, 70,000 yen, 240 days) are those of LTV-Lab's help. Denominator of share: all buyers. All ten cells are there, also empty ones.
select
    cast(c.position as int) as position,
    c.cpm,
    c.position <= 5 as active,
    count(s.customer_id) as customers,
    count(s.customer_id) / cast(nullif(sum(count(s.customer_id)) over (), 0) as double) as share,
    coalesce(sum(s.amount), 0) as amount,
    cast(sum(s.amount) as double) / nullif(count(s.customer_id), 0) as average_amount,
    avg(cast(s.purchases as double)) as average_purchases,
    avg(cast(s.tenure as double)) as average_tenure_days
from (
    values (1, '初回客'), (2, 'よちよち客'), (3, 'コツコツ客'), (4, '流行客'), (5, '優良客'),
        (6, '初回客'), (7, 'よちよち客'), (8, 'コツコツ客'), (9, '流行客'), (10, '優良客')
) c(position, cpm)
left join _segment s on s.cpm = c.cpm and s.cpm_active = (c.position <= 5)
group by c.position, c.cpm
