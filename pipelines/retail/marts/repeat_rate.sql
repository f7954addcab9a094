-- ja: 商品別リピート率
-- en: share of an item's buyers who bought it twice or more
-- key: item_id
-- restated: buyers, repeaters, repeat_rate
-- column: item_id | text | 商品コード | item | plain
-- column: item_name | text? | 商品名 | item name | plain
-- column: buyers | long | 購入者数 | buyers | plain
-- column: repeaters | long | 2回以上の購入者数 | buyers with two or more purchases | plain
-- column: repeat_rate | double | リピート率 0–1 | repeaters by buyers, 0 to 1 | plain
-- 定義: リピート率 = その商品を2回以上の購入で買った人 ÷ その商品を買った人。一つの購入で何個買っても1回。
-- 定義: 期間は $as_of までの全購入。顧客の分からない購入と、取消・仮注文・返品の明細は数えない。
-- Of the people who bought an item, how many bought it in two or more purchases.
with bought as (
    select item_id, customer_id, count(*) as purchases
    from _item
    where customer_id is not null
    group by item_id, customer_id
),
name as (
    select item_id, max(item_name) as item_name from _item where customer_id is not null group by item_id
)
select
    b.item_id,
    n.item_name,
    b.buyers,
    b.repeaters,
    cast(b.repeaters as double) / b.buyers as repeat_rate
from (
    select item_id, count(*) as buyers, sum(case when purchases >= 2 then 1 else 0 end) as repeaters from bought group by item_id
) b
join name n on n.item_id = b.item_id
