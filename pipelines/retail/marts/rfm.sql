-- ja: RFM分析（購入した顧客ごと）
-- en: recency, frequency, monetary of each buyer
-- key: customer_id
-- restated: frequency, monetary, r rank, f rank, m rank, decile rank
-- column: customer_id | text | 統合顧客ID | unified customer id | keyed
-- column: last_purchase_at | timestamp | 最終購買日時 | time of the last purchase | plain
-- column: recency_days | long | 最終購買からの日数（暦日の差） | days since the last purchase, from day to day | plain
-- column: frequency | long | 購買回数（取引数） | number of transactions | plain
-- column: monetary | amount | 購買金額（円） | amount in yen | plain
-- column: r | integer | Rランク 1–5（5が最良） | recency rank, 5 is best | plain
-- column: f | integer | Fランク 1–5（5が最良） | frequency rank, 5 is best | plain
-- column: m | integer | Mランク 1–5（5が最良） | monetary rank, 5 is best | plain
-- column: decile | integer | デシル 1–10（1が最上位） | decile by amount, 1 is highest | plain
-- 定義: R = 最終購買日時、F = 購買回数、M = 購買金額（値引前、返品を差し引いた額）。期間は $as_of までの全購入で、購入のない人の行はない。
-- 定義: ランク = 1 +（5 × 値がより低い購入者の数 ÷ 本人を除く購入者の数）の整数部分、5まで。同じ値の人は同じランク。
-- 定義: 日数はパイプラインのタイムゾーンの日付の差、Rのランクは日時による。デシルは decile と同じ。
-- Recency, frequency, monetary of every buyer; ranks 1 to 5 by fifths, 5 is best. recency_days: from day to day in the pipeline's zone; the
-- ranks go by the time.
with buyer as (
    select customer_id, last_purchase_at, purchases as frequency, amount as monetary from _purchaser
)
select
    customer_id,
    last_purchase_at,
    cast(to_local_time($as_of) as date) - cast(to_local_time(last_purchase_at) as date) as recency_days,
    frequency,
    monetary,
    -- Equal values share a rank: the share of buyers who are no better decides, not the order of rows.
    least(5, 1 + cast(floor(5 * percent_rank() over (order by last_purchase_at)) as int)) as r,
    least(5, 1 + cast(floor(5 * percent_rank() over (order by frequency)) as int)) as f,
    least(5, 1 + cast(floor(5 * percent_rank() over (order by monetary)) as int)) as m,
    ntile(10) over (order by monetary desc, customer_id) as decile
from buyer
