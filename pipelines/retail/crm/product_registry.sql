-- ja: 製品登録（使用中の製品、使用年数、最後の登録者が所有者）
-- en: products in use, with their age; the latest registrant owns one
-- key: item_id, unit
-- needs: event.registration
-- column: item_id | text | 品番 | item | plain
-- column: unit | text | 製造番号（なければ登録番号） | serial number; the registration where none is given | keyed
-- column: item_name | text? | 商品名 | item name | plain
-- column: category | text? | 商品の大分類 | first category of the item | plain
-- column: customer_id | text? | 所有者の統合顧客ID（最後の登録者） | owner: customer of the latest registration | keyed
-- column: registered_at | timestamp | 最後の登録日時 | latest registration | plain
-- column: first_registered_at | timestamp | 最初の登録日時 | first registration | plain
-- column: bought_on | date? | 購入日（記入のある最初の登録のもの） | bought on, by the first registration that says it | plain
-- column: age_days | long | 使用日数（購入日、なければ最初の登録日から） | days since it was bought; since it was first registered where that is not said | plain
-- column: registrations | long | 登録回数 | registrations of the unit | plain
-- column: changed_hands | boolean | 二人以上の顧客が登録したか | whether two customers or more registered it, one after another | plain
-- 定義: 行 = 商品と製造番号の組（番号がなければ登録ごと）。商品コードのない登録は除く。登録は購入ではなく、売上に入らない。期間は $as_of までの全登録。
-- 定義: 所有者 = 最後の登録者（同時ならチャネル・登録番号の後のもの）。製造番号が同じでも、登録者を同じ人とはみなさない。
-- 定義: 使用日数 = $as_of の日 − 購入日。購入日は、記入のある最初の登録のもの（同時ならチャネル・登録番号の順）。どの登録にもなければ最初の登録日から。
-- One unit is one item with one serial number. A registration is no purchase: it is in no figure of sales. A serial number is no evidence
-- that two registrants are one person: it moves with the product. Of registrations of one time the last by channel and event id counts; for
-- bought_on, which a later registrant does not change, the first.
with unit as (
    select
        item_id,
        coalesce(serial_number, channel || '/' || event_id) as unit,
        max(item_name) as item_name,
        first_value(customer_id order by occurred_at desc, channel desc, event_id desc) as customer_id,
        max(occurred_at) as registered_at,
        min(occurred_at) as first_registered_at,
        first_value(bought_on order by bought_on is null, occurred_at, channel, event_id) as bought_on,
        count(*) as registrations,
        coalesce(min(customer_id) <> max(customer_id), false) as changed_hands
    from _event
    where event_type = 'registration' and item_id is not null
    group by item_id, coalesce(serial_number, channel || '/' || event_id)
)
select
    u.item_id,
    u.unit,
    coalesce(p.item_name, u.item_name) as item_name,
    nullif(trim(split_part(p.category_path, '>', 1)), '') as category,
    u.customer_id,
    u.registered_at,
    u.first_registered_at,
    u.bought_on,
    cast($as_of as date) - coalesce(u.bought_on, cast(u.first_registered_at as date)) as age_days,
    u.registrations,
    u.changed_hands
from unit u
left join product p on p.item_id = u.item_id
