-- ja: 併売分析（支持度・信頼度・リフト値）
-- en: items bought together: support, confidence, lift
-- key: item_a, item_b
-- column: item_a | text | 商品A | item bought | plain
-- column: item_b | text | 商品B | item bought with it | plain
-- column: item_name_a | text? | 商品名A | name of item A | plain
-- column: item_name_b | text? | 商品名B | name of item B | plain
-- column: transactions | long | AとBを含む取引数 | transactions with both | plain
-- column: support | double | 支持度 0–1 | share of transactions with both | plain
-- column: confidence | double | 信頼度 0–1 | share of A's transactions that have B | plain
-- column: lift | double | リフト値 | confidence by the share of B | plain
-- 定義: 支持度 = AとBをともに含む取引 ÷ 商品のある全取引。信頼度 = AとBをともに含む取引 ÷ Aを含む取引。
-- 定義: リフト値 = 信頼度 ÷（Bを含む取引 ÷ 商品のある全取引）。支持度が $minimum_support 以上の組だけで、A→BとB→Aは別の行。
-- 定義: 顧客の分からない取引も数える。取消・仮注文・返品の明細は商品とみなさない。期間は $as_of までの全取引。
-- Items bought together: support, confidence and lift of A → B, for pairs from $minimum_support up. Purchases of nobody known count too.
with total as (
    select cast(count(*) as double) as n from (select distinct customer_id, channel, purchase from _item)
),
single as (
    select item_id, max(item_name) as item_name, count(*) as n from _item group by item_id
),
pair as (
    select a.item_id as item_a, b.item_id as item_b, count(*) as transactions
    from _item a join _item b on a.channel = b.channel and a.purchase = b.purchase
    where a.item_id <> b.item_id and a.customer_id is not distinct from b.customer_id
    group by a.item_id, b.item_id
)
select
    p.item_a,
    p.item_b,
    a.item_name as item_name_a,
    b.item_name as item_name_b,
    p.transactions,
    p.transactions / t.n as support,
    p.transactions / cast(a.n as double) as confidence,
    (p.transactions / cast(a.n as double)) / (b.n / t.n) as lift
from pair p
cross join total t
join single a on a.item_id = p.item_a
join single b on b.item_id = p.item_b
where p.transactions / t.n >= $minimum_support
