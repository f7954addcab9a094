-- ja: 顧客の嗜好（購買に占める商品分類の割合、全体との比）
-- en: preference: which categories a customer buys, against all customers
-- key: customer_id, rank
-- needs: product
-- column: customer_id | text | 統合顧客ID | unified customer id | keyed
-- column: rank | integer | 順位 1–3 | rank by purchases, 1 is most; of two as frequent the one with the higher index | plain
-- column: category | text | 商品の大分類 | first category of the items | plain
-- column: purchases | long | 購買回数（その分類を含むもの） | purchases with the category | plain
-- column: amount | amount | 金額（円） | amount of its items, yen | plain
-- column: share | double | 割合 0–1 | share of the customer's purchases | plain
-- column: share_of_all | double | 全顧客での割合 0–1 | share of the purchases of all customers | plain
-- column: index | double | 指数（1が全体並み） | share by share of all; 1 is as everybody | plain
-- 定義: 割合 = その分類を含む購入 ÷ 顧客の各分類の購入の合計。二つの分類を含む購入は両方に数える。分類のない商品は数えない。
-- 定義: 全顧客での割合は、顧客の分かる全購入で同じように数えたもの。指数 = 割合 ÷ 全顧客での割合。期間は $as_of までの全購入。
-- 定義: 順位は購買回数の多い順に3位まで。同数なら指数の高い順、次に分類の名前の順。
-- share = purchases with the category ÷ the same summed over the categories of the customer: a purchase with two categories counts in both.
-- share_of_all = the same of all known customers. Items without a category do not count. Window: all purchases up to the run's time.
select customer_id, cast(rank as int) as rank, category, purchases, amount, share, share_of_all, index
from _preference
