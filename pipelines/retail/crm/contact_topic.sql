-- ja: 問い合わせの多い内容（商品分類別）
-- en: what is asked most, by category of the item where it is known
-- key: category, item_category
-- needs: event.ticket
-- column: category | text | 内容（なければ-） | what it is about; - where nothing is said | plain
-- column: item_category | text | 商品の大分類（分からなければ-） | first category of the item; - where no item is known | plain
-- column: contacts | long | 問い合わせ件数 | contacts | plain
-- column: persons | long | 問い合わせた顧客数 | known customers who contacted | plain
-- column: share | double | 構成比 | share of all contacts | plain
-- column: rank | long | 順位 | rank by contacts; equal numbers share a rank | plain
-- column: contacts_90 | long | 直近90日の件数 | contacts of the last 90 days | plain
-- column: contacts_90_before | long | その前90日の件数 | contacts of the 90 days before these | plain
-- column: last_contact_at | timestamp | 最後の問い合わせ | last contact | plain
-- 定義: 構成比 = その行の問い合わせ ÷ 全問い合わせ（顧客の分からないものを含む）。件数の同じ行は同じ順位。期間は $as_of までの全問い合わせ。
-- 定義: 直近90日とその前90日は $as_of から数える。商品は、問い合わせ自体に商品コードがある場合だけ分かる。
-- Window: all contacts up to the run's time. An item is known where the contact itself names it.
with topic as (
    select
        coalesce(c.category, '-') as category,
        coalesce(nullif(trim(split_part(p.category_path, '>', 1)), ''), '-') as item_category,
        c.customer_id,
        c.occurred_at
    from _contact c
    left join product p on p.item_id = c.item_id
),
grouped as (
    select
        category,
        item_category,
        count(*) as contacts,
        count(distinct customer_id) as persons,
        sum(case when occurred_at > $as_of - interval '90 days' then 1 else 0 end) as contacts_90,
        sum(case when occurred_at > $as_of - interval '180 days' and occurred_at <= $as_of - interval '90 days' then 1 else 0 end)
            as contacts_90_before,
        max(occurred_at) as last_contact_at
    from topic
    group by category, item_category
)
select
    category,
    item_category,
    contacts,
    persons,
    contacts / cast(sum(contacts) over () as double) as share,
    rank() over (order by contacts desc) as rank,
    contacts_90,
    contacts_90_before,
    last_contact_at
from grouped
