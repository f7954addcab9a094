-- ja: 商品・店舗別リピート率
-- en: repeat rate by item and store
-- key: item_id, store_id
-- needs: interaction.item_id, interaction.store_id
-- column: item_id | text | 商品コード | item | plain
-- column: store_id | text | 店舗 | store | plain
-- column: item_name | text? | 商品名 | item name | plain
-- column: store_name | text? | 店舗名 | store name | plain
-- column: buyers | long | 購入者数 | buyers | plain
-- column: repeaters | long | 2回以上の購入者数 | buyers with two or more purchases | plain
-- column: repeat_rate | double | リピート率 0–1 | repeaters by buyers, 0 to 1 | plain
-- column: purchases | long | 購買回数 | purchases with the item | plain
-- column: purchases_per_buyer | double | 一人当たり購買回数 | purchases by buyers | plain
-- column: median_days | double? | 購入間隔の日数（中央値） | median of the repeaters' mean days between purchases | plain
-- 定義: 分子: その店舗でその商品を2回以上の購入で買った人。分母: その店舗でその商品を買った人。期間の限定はなく $as_of までの全購入。
-- 定義: 注文、アプリの購入、商品の分かるカードの売上を数える。店舗または顧客の分からない購入は数えない。
-- 定義: 購入間隔 = 2回以上買った人ごとの、初回から最終までの日数 ÷（購買回数 − 1）の中央値。一人当たり購買回数 = 購買回数 ÷ 購入者数。
-- Numerator: persons who bought the item in the store in two or more purchases. Denominator: persons who bought it there. Orders, purchases in
-- the app and card sales with items count; purchases without a store, or of nobody known, do not. No window: every purchase up to $as_of.
-- median_days: of each repeater the days from the first to the last purchase by the purchases less one; the median of these.
with bought as (
    select
        customer_id,
        item_id,
        store_id,
        count(*) as purchases,
        cast(to_local_time(max(occurred_at)) as date) - cast(to_local_time(min(occurred_at)) as date) as days
    from _item
    where customer_id is not null and store_id is not null
    group by customer_id, item_id, store_id
),
counted as (
    select
        item_id,
        store_id,
        count(*) as buyers,
        sum(case when purchases >= 2 then 1 else 0 end) as repeaters,
        sum(purchases) as purchases,
        median(case when purchases >= 2 then days / cast(purchases - 1 as double) end) as median_days
    from bought
    group by item_id, store_id
),
name as (
    select item_id, store_id, max(item_name) as item_name
    from _item
    where customer_id is not null and store_id is not null
    group by item_id, store_id
)
select
    c.item_id,
    c.store_id,
    n.item_name,
    s.store_name,
    c.buyers,
    c.repeaters,
    c.repeaters / cast(c.buyers as double) as repeat_rate,
    c.purchases,
    c.purchases / cast(c.buyers as double) as purchases_per_buyer,
    c.median_days
from counted c
join name n on n.item_id = c.item_id and n.store_id = c.store_id
left join store s on s.store_id = c.store_id
