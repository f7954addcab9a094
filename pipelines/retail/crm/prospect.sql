-- ja: 見込客（Web来訪・アプリ利用があり購入のない人）と、初回購入までの道のり
-- en: prospects, who visited or used the app and bought nothing, and the way of the others to a first purchase
-- key: kind, prospect_id
-- needs: event.web_visit, interaction.visitor_id
-- column: kind | text | 種別: customer 顧客, visitor ログインのない訪問者 | customer, or visitor: a visitor id that is nobody's yet | plain
-- column: prospect_id | text | 統合顧客ID、またはチャネル:訪問者ID | customer id, or channel:visitor id | keyed
-- column: customer_id | text? | 統合顧客ID | unified customer id | keyed
-- column: is_prospect | boolean | まだ購入のない見込客か | whether nothing has been bought yet | plain
-- column: first_contact_at | timestamp | 最初の来訪・アプリ利用の日時 | first visit or use of the app | plain
-- column: last_contact_at | timestamp | 初回購入前（未購入なら現在まで）の最後の来訪・利用の日時 | last one before the first purchase, or so far | plain
-- column: visits | long | その間のWeb来訪数 | visits of the web site in that time | plain
-- column: views | long? | その間の商品閲覧数（Web） | items viewed on the web site in that time | plain
-- column: carts | long? | その間のカート投入数（Web） | items put into the cart on the web site in that time | plain
-- column: visit_days | long | その間のWeb来訪日数 | days with a visit | plain
-- column: app_days | long? | その間のアプリ利用日数 | days with a use of the app | plain
-- column: days | long | その間の来訪または利用の日数 | days with either | plain
-- column: media | list<text> | その間の媒体（最初に使った順） | media of the visits, in order of first use | plain
-- column: first_medium | text? | 最初の来訪の媒体 | medium of the first visit that has one | plain
-- column: last_medium | text? | 最後の来訪の媒体 | medium of the last visit that has one | plain
-- column: first_purchase_at | timestamp? | 初回購入日時（未購入ならNULL） | first purchase; null while there is none | plain
-- column: days_to_purchase | long? | 最初の接触から初回購入までの日数 | days from the first contact to the first purchase | plain
-- 定義: 初回購入（全チャネル、$as_of まで）より前の来訪とアプリ利用だけを数える。最初の接触が購入だった人の行はない。
-- 定義: 来訪は、来訪中またはそれまでのログインの人のもの。最初のログインより前の来訪は、その訪問者IDで一人だけがログインした場合に限りその人のもの。
-- 定義: 人の分からない来訪は、訪問者ID（なければ来訪）ごとに一つの visitor とする。一人が複数の visitor でありうる。
-- 定義: アプリ利用は購入以外のイベントで、顧客と日ごとに、その日の最初の時点で一回と数える。days_to_purchase は日付の差。
-- 定義: 閲覧数・カート投入数・アプリ利用日数は、誰にもなければ（データなし）NULL。
-- Only what was before the first purchase counts, so that who was first met by a purchase has no row. Visits are the person's from a log-in on;
-- those before the first log-in too, where only one person ever logged in at the visitor id. A visitor id at which nobody logged in
-- is a prospect of kind visitor: one person can be several of them.
-- Of a day with the app its first moment counts. What nobody has of views, carts
-- and days with the app is not mapped, and null.
with contact as (
    select
        coalesce(customer_id, later_customer_id) as customer_id,
        case when coalesce(customer_id, later_customer_id) is null then channel || ':' || coalesce(visitor_id, visit_id) end as device,
        started_at as at,
        medium,
        cast(started_at as date) as day,
        1 as visit,
        views,
        carts
    from web_visit
    union all
    -- A day with the app is one row.
    select customer_id, null, min(occurred_at) as at, null, cast(occurred_at as date), 0, 0, 0
    from interaction
    where event_type = 'app_event' and (category is null or category <> 'purchase') and customer_id is not null and occurred_at <= $as_of
    group by customer_id, cast(occurred_at as date)
),
way as (
    select
        c.customer_id,
        c.device,
        max(b.first_purchase_at) as first_purchase_at,
        min(c.at) as first_contact_at,
        max(c.at) as last_contact_at,
        sum(c.visit) as visits,
        sum(c.views) as views,
        sum(c.carts) as carts,
        count(distinct case when c.visit = 1 then c.day end) as visit_days,
        sum(1 - c.visit) as app_days,
        count(distinct c.day) as days,
        array_agg(c.medium order by c.at, c.medium) filter (where c.medium is not null) as media
    from contact c
    left join _purchaser b on b.customer_id = c.customer_id
    where b.first_purchase_at is null or c.at < b.first_purchase_at
    group by c.customer_id, c.device
)
select
    case when customer_id is null then 'visitor' else 'customer' end as kind,
    coalesce(customer_id, device) as prospect_id,
    customer_id,
    first_purchase_at is null as is_prospect,
    first_contact_at,
    last_contact_at,
    visits,
    case when sum(views) over () > 0 then coalesce(views, 0) end as views,
    case when sum(carts) over () > 0 then coalesce(carts, 0) end as carts,
    visit_days,
    case when sum(app_days) over () > 0 then app_days end as app_days,
    days,
    coalesce(array_distinct(media), make_array()) as media,
    media[1] as first_medium,
    media[-1] as last_medium,
    first_purchase_at,
    cast(first_purchase_at as date) - cast(first_contact_at as date) as days_to_purchase
from way
