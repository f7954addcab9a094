-- ja: おすすめ商品の検証（最後の購買を除いて予測し、当たった割合）
-- en: how often recommendations hit: the last purchase left out, against the most-bought items
-- key: method
-- report: {method}の的中率 {hit_rate%}（{customers}人のうち{hits}人） | {method} hits {hits} of {customers} customers whose last purchase was left out ({hit_rate%})
-- column: method | text | 方法 (recommendation おすすめ, most_bought 最も買われている商品) | recommendation, or most_bought: the base line | plain
-- column: customers | long | 対象の顧客数（購買2回以上） | customers with two and more purchases with items | plain
-- column: served | long | 商品を示せた顧客数 | of them those who got at least one item | plain
-- column: hits | long | 当たった顧客数 | of them those whose last purchase has one of the three | plain
-- column: hit_rate | double? | 的中率 | hits by customers | plain
-- 定義: 分子: 除いた最後の購入に、示した3商品のどれかがあった顧客。分母: 商品のある購入が2回以上の顧客（商品を示せなかった人を含む）。
-- 定義: 顧客ごとに最後の購入を除き、残りの購入と規則の信頼度から recommendation と同じ方法で選ぶ。規則の支持度の下限だけは、除いた購入も含めて判定する。
-- 定義: most_bought は、除いた後の購入の多い20商品のうち、その顧客が買っていない上位3つ。以前買った商品の再購入は、どちらの方法でも当たらない。
-- 定義: 期間は $as_of までの全購入。
-- Left out is the last purchase of every customer with two and more. Rules and bought items are those known before it, as `recommendation` makes
-- them. The base line shows the three items with most purchases known, of the twenty first, that the customer had not bought. A repeat of what was
-- bought before can be hit by neither. hit_rate = hits ÷ customers.
with best as (
    select *, row_number() over (order by confidence_known desc, item_b, item_a, kind) as number
    from (select *, row_number() over (partition by item_a order by confidence_known desc, item_b, kind) as place from _item_rule where confidence_known > 0) r
    where place <= 10
),
candidate as (
    select c.customer_id, b.item_b, min(b.number) as number
    from (select customer_id, bought_known, unnest(latest_known) as item_id from _item_customer where held_out is not null) c
    join best b on b.item_a = c.item_id
    where not array_has(c.bought_known, b.item_b)
    group by c.customer_id, b.item_b
),
three as (
    select customer_id, array_slice(array_sort(array_agg(number)), 1, 3) as numbers from candidate group by customer_id
),
popular as (
    select array_agg(item_id order by n desc, item_id) as items
    from (
        select item_id, count(*) as n
        from (select unnest(items) as item_id from _item_purchase where not is_last or n = 1) i
        group by item_id
        order by n desc, item_id
        limit 20
    ) p
),
hit as (
    select 'recommendation' as method, true as served, bool_or(array_has(c.held_out, b.item_b)) as hit
    from (select customer_id, unnest(numbers) as number from three) s
    join best b on b.number = s.number
    join _item_customer c on c.customer_id = s.customer_id
    group by s.customer_id
    union all
    select 'most_bought' as method, cardinality(items) > 0 as served, array_has_any(items, held_out) as hit
    from (
        select array_slice(array_except(p.items, c.bought_known), 1, 3) as items, c.held_out
        from _item_customer c
        cross join popular p
        where c.held_out is not null
    ) m
)
select
    h.method,
    t.customers,
    h.served,
    h.hits,
    h.hits / nullif(cast(t.customers as double), 0) as hit_rate
from (
    select method, count(case when served then 1 end) as served, count(case when hit then 1 end) as hits from hit group by method
) h
cross join (select count(*) as customers from _item_customer where held_out is not null) t
