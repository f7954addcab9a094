-- ja: Web来訪（来訪ごと）と、来訪開始時の訪問者フラグ
-- en: visits of the web site, with the visitor's flag at the start of each
-- key: channel, visit_id
-- needs: event.web_visit, interaction.visitor_id
-- column: channel | text | チャネル | channel | plain
-- column: visit_id | text | 来訪番号 | visit (session) | keyed
-- column: visitor_id | text? | 訪問者ID（Cookie） | visitor id of the browser | keyed
-- column: customer_id | text? | 来訪中の最後のログイン、なければ開始時に分かっていた統合顧客ID | who logged in last in the visit, or else who was known at its start | keyed
-- column: record_id | text? | そのログインをしたレコード | record that logged in so | hidden
-- column: customer_id_at_start | text? | 来訪開始時に分かっていた統合顧客ID | who it is by the log-ins before the visit | keyed
-- column: later_customer_id | text? | 後のログインで分かった統合顧客ID（一人だけがログインした訪問者IDのみ） | who logged in later, where only one person ever did at the visitor id | keyed
-- column: shared | boolean | 二人以上がログインした訪問者IDか | whether two persons or more logged in at the visitor id | plain
-- column: started_at | timestamp | 開始日時 | first moment | plain
-- column: ended_at | timestamp | 終了日時 | last moment | plain
-- column: medium | text? | 媒体 | medium | plain
-- column: flag | text | 訪問者フラグ: first_visit 初回来訪, non_member 非会員, member_without_purchase 実績のない会員, member_with_purchase 実績のある会員 | visitor's flag at the start | plain
-- column: number | long | この訪問者IDの何回目の来訪か | which visit of the visitor id it is, from 1 | plain
-- column: days_since_previous | long? | 前回の来訪からの日数 | days since the visit before | plain
-- column: views | long? | 商品閲覧数 | items viewed | plain
-- column: carts | long? | カート投入数 | items put into the cart | plain
-- column: logins | long | ログイン数（会員の番号を持つヒットを含む） | log-ins, and hits that name the member | plain
-- 定義: 来訪の人 = 来訪中の最後のログインの人、なければその訪問者IDで来訪前に最後にログインした人。会員の番号を持つヒットもログインとみなす。
-- 定義: 後のログインで過去の来訪の人は決めない。later_customer_id だけはさかのぼり、その訪問者IDで一人だけがログインした場合に限る。
-- 定義: フラグは来訪の開始時点のもの。first_visit: その訪問者IDの最初の来訪、または訪問者IDのない来訪。non_member: その前にログインがない。
-- 定義: member_with_purchase: 前にログインした人に、開始前の購入がある。member_without_purchase: ない（番号の顧客が分からない場合を含む）。
-- 定義: 閲覧数とカート投入数は、どの来訪にもなければ（データなし）NULL。期間は $as_of まで。
-- A visit is that of a person from a log-in at its visitor id on, until somebody else logs in there. A hit that names a record is a log-in too.
-- It is never joined backwards: a log-in of a visit names this visit and those after it. later_customer_id looks backwards, and is empty where
-- the device is shared.
-- views and carts are null where no visit has any, since they are not mapped.
-- The flag is of the moment at which the visit starts. A visitor id of which the table holds no earlier visit is a first visit, so is a
-- visit without a visitor id. A member is who logged in there before; a purchase counts if it was before the start.
with login as (
    -- A record that nobody knows is a person too, whose id is empty: the visits after its log-in are not somebody else's.
    select
        channel,
        coalesce(visitor_id, ' ' || coalesce(transaction_id, event_id)) as device,
        occurred_at as at,
        event_id,
        coalesce(customer_id, '') as person,
        coalesce(record_id, '') as record
    from _web
    where is_login
),
device as (
    select channel, device, min(person) as least_person, max(person) as greatest_person from login group by channel, device
),
visit as (
    select
        channel,
        coalesce(transaction_id, event_id) as visit_id,
        max(visitor_id) as visitor_id,
        min(occurred_at) as started_at,
        max(occurred_at) as ended_at,
        first_value(medium order by occurred_at, event_id) filter (where medium is not null) as medium,
        last_value(coalesce(customer_id, '') order by occurred_at, event_id) filter (where is_login) as logged_in,
        last_value(coalesce(record_id, '') order by occurred_at, event_id) filter (where is_login) as logged_in_record,
        count(case when category = 'view' then 1 end) as views,
        count(case when category = 'cart' then 1 end) as carts,
        count(case when is_login then 1 end) as logins
    from _web
    group by channel, coalesce(transaction_id, event_id)
),
-- Starts and log-ins at a visitor id in order of time; a visit without a visitor id is alone. A log-in in the moment of a start is after it.
timeline as (
    select *, coalesce(visitor_id, ' ' || visit_id) as device, started_at as at, 0 as turn, visit_id as id, cast(null as varchar) as person,
        cast(null as varchar) as record
    from visit
    union all
    select channel, null, null, null, null, null, null, null, null, null, null, device, at, 1, event_id, person, record from login
),
known as (
    select
        *,
        lag(person) ignore nulls over step as at_start,
        lag(record) ignore nulls over step as at_start_record,
        lag(case when turn = 0 then at end) ignore nulls over step as previous_at,
        count(case when turn = 0 then 1 end) over (
            partition by channel, device order by at, turn, id rows between unbounded preceding and current row
        ) as number
    from timeline
    window step as (partition by channel, device order by at, turn, id)
)
select
    k.channel,
    k.visit_id,
    k.visitor_id,
    nullif(coalesce(k.logged_in, k.at_start), '') as customer_id,
    case when coalesce(k.logged_in, k.at_start) <> '' then nullif(coalesce(k.logged_in_record, k.at_start_record), '') end as record_id,
    nullif(k.at_start, '') as customer_id_at_start,
    case when coalesce(k.logged_in, k.at_start) is null and d.least_person = d.greatest_person then nullif(d.least_person, '') end as later_customer_id,
    coalesce(d.least_person <> d.greatest_person, false) as shared,
    k.started_at,
    k.ended_at,
    k.medium,
    case
        when k.number = 1 then 'first_visit'
        when k.at_start is null then 'non_member'
        when b.first_purchase_at < k.started_at then 'member_with_purchase'
        else 'member_without_purchase'
    end as flag,
    k.number,
    cast(k.started_at as date) - cast(k.previous_at as date) as days_since_previous,
    case when sum(k.views) over () > 0 then k.views end as views,
    case when sum(k.carts) over () > 0 then k.carts end as carts,
    k.logins
from known k
left join device d on d.channel = k.channel and d.device = k.device
left join _purchaser b on b.customer_id = k.at_start
where k.turn = 0
