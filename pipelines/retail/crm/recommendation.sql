-- ja: 顧客へのおすすめ商品（未購入の上位3商品）
-- en: the three items that each customer is likeliest to buy next, not yet bought
-- key: customer_id, rank
-- column: customer_id | text | 統合顧客ID | unified customer id | keyed
-- column: rank | integer | 順位 1–3 | rank, 1 is best | plain
-- column: item_id | text | おすすめ商品 | item recommended | plain
-- column: item_name | text? | 商品名 | its name | plain
-- column: because_of | text | もとになった購入商品 | item of the last purchase that leads to it | plain
-- column: kind | text | 関係 (after 次の購買, together 同時購買) | after: bought in the next purchase; together: bought in the same one | plain
-- column: support | double | 支持度 0–1 | support of the rule | plain
-- column: confidence | double | 信頼度 0–1 | confidence of the rule, by which items are ranked | plain
-- column: lift | double | リフト値 | lift of the rule | plain
-- 定義: 候補 = 最後の商品のある購入の商品（商品コードの順に8つまで）から規則で導かれ、その顧客がまだ一度も買っていない商品。
-- 定義: 規則は next_item のもの（after）と、同時購買のもの（together、顧客の分かる購入だけで basket と同じ計算）。もとの商品ごとに信頼度の高い10まで。
-- 定義: 候補は信頼度の最も高い規則で比べ、上位3つを示す。信頼度が同じなら商品コードの順、次にもとの商品の順。候補が足りなければ3つに満たない。
-- 定義: 規則は支持度が $minimum_support 以上のもの。期間は $as_of までの全購入。
-- The rules are those of `next_item`, and those of items bought together; from each item the ten of most confidence count.
-- A customer's candidates are what the items of the last purchase lead to (at most eight of them), less what was ever bought.
-- Each is led to by its rule of most confidence; the three of most confidence stay; equal ones in order of item, and of what leads there.
-- Fewer than three where the rules lead to no more. `recommendation_test` says how often it hits.
with best as (
    -- One number says which of two rules is the better one.
    select *, row_number() over (order by confidence desc, item_b, item_a, kind) as number
    from (select *, row_number() over (partition by item_a order by confidence desc, item_b, kind) as place from _item_rule) r
    where place <= 10
),
candidate as (
    select c.customer_id, b.item_b, min(b.number) as number
    from (select customer_id, bought, unnest(latest) as item_id from _item_customer) c
    join best b on b.item_a = c.item_id
    where not array_has(c.bought, b.item_b)
    group by c.customer_id, b.item_b
),
-- A sort of a few numbers a customer costs less than a window over all.
three as (
    select customer_id, array_slice(array_sort(array_agg(number)), 1, 3) as numbers from candidate group by customer_id
)
select r.customer_id, cast(r.rank as int) as rank, b.item_b as item_id, b.item_name_b as item_name, b.item_a as because_of, b.kind, b.support, b.confidence, b.lift
from (select customer_id, unnest(numbers) as number, unnest([1, 2, 3]) as rank from three) r
join best b on b.number = r.number
