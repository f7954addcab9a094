-- ja: 顧客ごとの問い合わせ（回数、チャネル、内容、再問い合わせ、前後の売上）
-- en: contacts of each customer: how often, in which channel, about what, repeats, sales before and after
-- key: customer_id
-- needs: event.ticket
-- column: customer_id | text | 統合顧客ID | unified customer id | keyed
-- column: contacts | long | 問い合わせ回数 | contacts | plain
-- column: contacts_90 | long | 直近90日の問い合わせ回数 | contacts of the last 90 days | plain
-- column: complaints | long | クレーム件数 | complaints | plain
-- column: repeat_contacts | long | 再問い合わせ件数（前回から30日以内） | contacts within 30 days after another one | plain
-- column: channels | list<text> | 問い合わせたチャネル | channels, in order of name | plain
-- column: main_category | text? | 最も多い内容 | what most of them are about; of two as frequent the first by name | plain
-- column: first_contact_at | timestamp | 最初の問い合わせ | first contact | plain
-- column: last_contact_at | timestamp | 最後の問い合わせ | last contact | plain
-- column: last_channel | text | 最後の問い合わせのチャネル | channel of the last contact | plain
-- column: last_category | text? | 最後の問い合わせの内容 | what the last contact is about | plain
-- column: sales_before_90 | amount? | 最後の問い合わせ前90日の売上（円） | sales in the 90 days before the last contact, yen | plain
-- column: sales_after_90 | amount? | 最後の問い合わせ後90日の売上（円） | sales in the 90 days after the last contact, yen; null until they have passed | plain
-- 定義: 期間は $as_of までの全問い合わせ（contacts_90 は直近90日）。顧客の分からない問い合わせは除く。
-- 定義: 再問い合わせ = 同じ顧客の前の問い合わせ（チャネル・内容を問わない）から30日以内のもの。クレーム = 内容が complaint・クレーム・苦情のもの。
-- 定義: 売上は、最後の問い合わせの前90日間と、その時点からの90日間の購入の金額。後の分は90日たつまでNULL。誰の購入もなければどちらもNULL。
-- 定義: 最も多い内容は、同数なら名前の順で先のもの。内容のない問い合わせしかなければNULL。最後の問い合わせは、同時ならチャネル・番号の順で後のもの。
-- Window: all contacts up to the run's time. A complaint and a repeat contact are as in `_contact`.
with contact as (
    select *, count(*) over (partition by customer_id, category) as of_category
    from _contact
    where customer_id is not null
)
select
    customer_id,
    count(*) as contacts,
    sum(case when occurred_at > $as_of - interval '90 days' then 1 else 0 end) as contacts_90,
    sum(case when complaint then 1 else 0 end) as complaints,
    sum(case when repeat then 1 else 0 end) as repeat_contacts,
    array_sort(array_distinct(array_agg(channel))) as channels,
    first_value(category order by case when category is null then 0 else of_category end desc, category) as main_category,
    min(occurred_at) as first_contact_at,
    max(occurred_at) as last_contact_at,
    first_value(channel order by occurred_at desc, channel desc, event_id desc) as last_channel,
    first_value(category order by occurred_at desc, channel desc, event_id desc) as last_category,
    first_value(sales_before_90 order by occurred_at desc, channel desc, event_id desc) as sales_before_90,
    first_value(sales_after_90 order by occurred_at desc, channel desc, event_id desc) as sales_after_90
from contact
group by customer_id
