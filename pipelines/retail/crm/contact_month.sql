-- ja: 月次の問い合わせ（全体・チャネル別・内容別・担当者別）
-- en: contacts by month: all, and by channel, category and staff
-- key: month, split_by, value
-- needs: event.ticket
-- column: month | date | 月（初日） | month, its first day | plain
-- column: split_by | text | 区分け (all, channel, category, staff) | what the rows of the month are split by: all, channel, category or staff | plain
-- column: value | text | 区分けの値（なければ-） | the channel, category or member of staff; - where there is none | hidden
-- column: contacts | long | 問い合わせ件数 | contacts | plain
-- column: persons | long | 問い合わせた顧客数 | known customers who contacted | plain
-- column: unknown | long | 顧客が分からない件数 | contacts of somebody unknown | plain
-- column: complaints | long | クレーム件数 | complaints | plain
-- column: complaints_per_1000 | double? | 購買1,000件当たりのクレーム件数 | complaints for 1,000 purchases of the month; null without purchases | plain
-- column: first_reply_median_hours | double? | 初回返信までの時間（中央値） | median hours to the first reply; null where no reply is known | plain
-- column: repeat_contacts | long | 再問い合わせ件数（前回から30日以内） | contacts within 30 days after another one of the customer | plain
-- column: repeat_rate | double? | 再問い合わせ率 | repeat contacts by contacts of known customers | plain
-- column: average_sales_before_90 | double? | 前90日の売上（一件平均） | sales in the 90 days before, mean of contacts of known customers, yen | plain
-- column: average_sales_after_90 | double? | 後90日の売上（一件平均） | sales in the 90 days after, yen; null until 90 days have passed since the last of them | plain
-- 定義: 購買1,000件当たりのクレーム件数 = その行のクレーム × 1,000 ÷ その月の全購買回数。区分けの行の合計が月の値になる。購買がなければNULL。
-- 定義: 再問い合わせ率 = 30日以内の再問い合わせ ÷ 顧客の分かる問い合わせ。クレームと再問い合わせは contact_customer と同じ。
-- 定義: 前後90日の売上 = 顧客の分かる問い合わせ一件当たりの平均。後の分は、その全てから90日たつまでNULL。前後は同じ問い合わせの平均。
-- 定義: 初回返信までの時間は、返信の分かる問い合わせの中央値。
-- complaints_per_1000 = complaints of the row × 1,000 ÷ all purchases of the month, so that the rows of a split add up to the month.
-- Both sales are means over the same contacts, so they can be compared.
with contact as (
    select *, cast(date_trunc('month', occurred_at) as date) as month, unnest(make_array('all', 'channel', 'category', 'staff')) as split_by
    from _contact
),
split as (
    select *, coalesce(case split_by when 'all' then 'all' when 'channel' then channel when 'category' then category else staff end, '-') as value
    from contact
),
month as (
    select make_date(cast(month / 12 as int), cast(month % 12 + 1 as int), 1) as month, sum(purchases) as purchases from _kpi_purchase group by 1
),
grouped as (
    select
        month,
        split_by,
        value,
        count(*) as contacts,
        count(distinct customer_id) as persons,
        count(customer_id) as known,
        count(sales_after_90) as ripe,
        sum(case when complaint then 1 else 0 end) as complaints,
        median(first_reply_hours) as first_reply_median_hours,
        sum(case when repeat then 1 else 0 end) as repeat_contacts,
        avg(cast(sales_before_90 as double)) as average_sales_before_90,
        avg(cast(sales_after_90 as double)) as average_sales_after_90
    from split
    group by month, split_by, value
)
select
    g.month,
    g.split_by,
    g.value,
    g.contacts,
    g.persons,
    g.contacts - g.known as unknown,
    g.complaints,
    g.complaints * 1000.0 / nullif(m.purchases, 0) as complaints_per_1000,
    g.first_reply_median_hours,
    g.repeat_contacts,
    cast(g.repeat_contacts as double) / nullif(g.known, 0) as repeat_rate,
    g.average_sales_before_90,
    case when g.ripe = g.known then g.average_sales_after_90 end as average_sales_after_90
from grouped g
left join month m on m.month = g.month
