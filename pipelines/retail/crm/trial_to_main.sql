-- ja: トライアル商品ごとの引き上げ率（初回購入の月ごと）
-- en: step-up rate of each trial item by month of first purchase
-- key: month, item_id
-- needs: product
-- column: month | date | 初回購入の月（1日の日付） | month of the first purchase, as its first day | plain
-- column: item_id | text | トライアル商品コード | trial item | plain
-- column: item_name | text? | 商品名 | item name | plain
-- column: persons | long | 初回にその商品を購入した人数 | persons whose first purchase had it | plain
-- column: stepped_up | long | 90日以内に本商品を購入した人数 | of them, who bought a main item within 90 days | plain
-- column: step_up_rate | double? | 引き上げ率 0–1 | stepped_up by persons, 0 to 1; null while the month is young | plain
-- column: mean_days | double? | 本商品の購入までの平均日数 | mean days until the main item | plain
-- 定義: 引き上げ率 = 分母の人のうち、初回購入から0〜90日の別の購入で本商品を購入した人 ÷ その月に初めて購入し、そのトライアル商品を含んだ人。
-- 定義: 同じ購入で本商品も購入した人は除く。月の最終日から90日たつまで率はNULL。二つのトライアル商品を購入した人は両方の行に入る。
-- Numerator: of the persons below, those who bought a main item in a later purchase, 0 to 90 days after the first.
-- Denominator: persons whose first purchase of all was in the month and had this trial item, without those who bought a main item in the same
-- purchase. A month counts from when its last day is 90 days old; the rate is null before. Who tried two items is a row in both.
select
    cast(date_trunc('month', first_day) as date) as month,
    item_id,
    max(item_name) as item_name,
    count(*) as persons,
    count(days_to_main) as stepped_up,
    case when cast(date_trunc('month', first_day) + interval '1 month' as date) - 1 + 90 <= cast(to_local_time($as_of) as date)
        then count(days_to_main) / cast(count(*) as double) end as step_up_rate,
    avg(cast(days_to_main as double)) as mean_days
from _trial
group by date_trunc('month', first_day), item_id
