-- ja: 次に買われる商品（商品から商品へ、順序あり）
-- en: item after item: what is in a customer's next purchase
-- key: item_a, item_b
-- column: item_a | text | 先に買った商品 | item bought | plain
-- column: item_b | text | 次に買った商品 | item in the next purchase | plain
-- column: item_name_a | text? | 先に買った商品名 | name of item A | plain
-- column: item_name_b | text? | 次に買った商品名 | name of item B | plain
-- column: steps | long | 回数（Aを含む購買の次にBを含む購買があった回数） | steps from a purchase with A to the next one, with B | plain
-- column: support | double | 支持度 0–1 | share of all steps | plain
-- column: confidence | double | 信頼度 0–1 | share of the steps from A | plain
-- column: lift | double | リフト値 | confidence by the share of B among all steps | plain
-- column: median_days | double | 日数（中央値） | median days from one to the other | plain
-- 定義: 移行 = 顧客の商品のある購入から、その顧客の次の商品のある購入まで。1回だけの人にはない。
-- 定義: 支持度 = 前にA・後にBのある移行 ÷ 全移行。信頼度 = 前にA・後にBのある移行 ÷ 前にAのある移行。リフト値 = 信頼度 ÷（後にBのある移行 ÷ 全移行）。
-- 定義: 支持度が $minimum_support 以上で、AとBが異なる組だけ。顧客の分からない購入は数えない。期間は $as_of までの全購入。
-- A step goes from a purchase with items of a known customer to that customer's next one; who bought once makes none.
-- support = steps with A before and B after ÷ all steps; confidence = the same ÷ steps with A before; lift = confidence ÷ (steps with B after ÷ all steps).
-- Pairs from $minimum_support up, A and B not the same. Window: all purchases up to the run's time.
select item_a, item_b, item_name_a, item_name_b, steps, support, confidence, lift, median_days
from _item_rule
where kind = 'after'
