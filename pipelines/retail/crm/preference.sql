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
-- share = purchases with the category ÷ the same summed over the categories of the customer: a purchase with two categories counts in both.
-- share_of_all = the same of all known customers. Items without a category do not count. Window: all purchases up to the run's time.
select customer_id, cast(rank as int) as rank, category, purchases, amount, share, share_of_all, index
from _preference
