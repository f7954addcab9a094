-- ja: トリガー（いつから誰に何を送るべきか。規則と起点の出来事ごとに一度）
-- en: triggers: what is due from when, once for each rule and founding event
-- key: rule, event
-- column: rule | text | 規則 (after_purchase, cart_left, overdue, dormant, revival, points_expiring, birthday, nth_visit) | rule | plain
-- column: event | text | 起点の出来事（チャネル/番号。購入ではチャネル/取引番号/購入したレコード） | founding event: channel/id, of a purchase channel/transaction/record that bought | keyed
-- column: customer_id | text | 統合顧客ID | unified customer id | keyed
-- column: event_at | timestamp? | 起点の日時（誕生日はNULL） | when the founding event was; null of a birth | plain
-- column: due_at | timestamp | いつから | from when it is due | plain
-- column: valid_until | timestamp | いつまで | until when it is worth telling | plain
-- column: due_now | boolean | 今回の実行で初めて期限が来たか（規則と出来事ごとに一度だけ） | whether it is due, and was in no run as of another time: once for each rule and event | plain
-- column: told_at | timestamp? | due_nowになった実行の時点（まだならNULL） | time of the run that it was due_now in; null where it is not due yet | plain
-- column: amount | double? | 金額またはポイント | yen of the purchase, or points that expire | plain
-- 定義: 行 = 規則と起点の出来事の組（統合しても変わらない）。起点から（誕生日は30日前から）、valid_until を過ぎるか条件に合わなくなるまで。
-- 定義: due_now = due_at が来ていて、別の時点の実行でまだ due_now になっていない行（trigger_told）。同じ時点の再実行は同じ結果になる。
-- 定義: after_purchase: 購入の10日後から7日間。revival: 前の購入から $dormant_days 日（日付の差）以上たった購入の時点から14日間。
-- 定義: cart_left: Web来訪中の（アプリはレコードと日ごとの）最後のカート投入の1日後から7日間。その投入の後に購入があればない（同じ来訪中でも）。
-- 定義: overdue: 最終購買から、本人の平均購買間隔（購買3回以上、1日未満なら1日）の1.5倍がたってから30日間。
-- 定義: dormant: 最終購買の $dormant_days 日後から30日間。points_expiring: 残りのあるポイントの期限の30日前から期限まで（point_account）。
-- 定義: birthday: 誕生日の0時から7日間。2月29日生まれは、平年は28日。番号は最初のレコードと年で、その年に知らせた誕生日は統合・分割後も知らせ済み。
-- 定義: nth_visit: 顧客の $nth_visit 回目のWeb来訪の開始から7日間。一度知らせた来訪があれば、その来訪のまま。
-- 定義: 購入の番号にはレコードも入る（レジの取引番号は重なるため）。一会計に二つのレコードがあれば、どちらも知らせ済みとなる。
-- The key is the event and not the customer: when ids merge, it stays. A row is there from its founding event on (a birthday: from 30
-- days before), so that a tool that sends sooner than the next run reads due_at; it goes when valid_until has passed, or when it no longer holds.
-- due_now is true in the first run as of a time at which the row is due, however long after it fell due, while it is valid. `trigger_told` keeps
-- when that was, from run to run, so that a late run and one that is skipped lose nothing, and a merge of ids repeats nothing. A run made again as
-- of the same time says the same again: whoever keeps the newest told_at that was read, and reads what is later, reads each row once.
-- A purchase is named by its record too: tills repeat numbers, so that two customers have one. Not by the customer, who changes when ids merge; nor
-- only where two have the number, as the id of the first would be another once the second is there, and be told again. What was told of a
-- checkout of two records is told of both, into whatever customers they are split; so is what was told as channel/transaction, as events were once.
-- after_purchase: 10 days after each purchase, for 7 days.
-- cart_left: a day after something was last put into the cart in a web visit, or in a record's day with the app, for 7 days; none once anything was
-- bought since, be it in that very visit.
-- overdue: 1.5 times the customer's own mean interval (3 purchases and more, one day at least) after the last purchase, for 30 days.
-- dormant: $dormant_days days after the last purchase, for 30 days. revival: at once, a purchase $dormant_days days and more after the one before.
-- points_expiring: 30 days before a lot with points left ends, until then; see `point_account`.
-- birthday: the start of the day, for 7 days; who was born on 29 February has it on the 28th in years without one. A birth is no row of a source:
-- its id is the customer's first record, in order of channel and number, with the year. Where it was told of another record, that stays its id: it
-- is told already of every record that the customer had then, into whatever customers they were merged or split since.
-- nth_visit: the $nth_visit-th web visit of a customer, at once, for 7 days. Where one of the customer's visits was told as such, it stays that.
with birthday as (
    select
        customer_id,
        date_part('month', birth_date) as month,
        date_part('day', birth_date) as day,
        date_part('year', $as_of - interval '7 days') as year
    from golden_customer
    where birth_date is not null
),
-- The first birthday that is not over for seven days: of this year, or else of the next.
this_year as (
    select
        *,
        make_date(year, month, case when month = 2 and day = 29 and not (year % 4 = 0 and year % 100 <> 0 or year % 400 = 0) then 28 else day end) as on_day
    from birthday
),
next_birthday as (
    select
        customer_id,
        case when on_day > cast($as_of - interval '7 days' as date) then on_day
            else make_date(year + 1, month, case when month = 2 and day = 29
                and not ((year + 1) % 4 = 0 and (year + 1) % 100 <> 0 or (year + 1) % 400 = 0) then 28 else day end)
        end as on_day
    from this_year
),
-- Records whose birthday of a year was told (told more than a year ago it is of another year): those that its customer had when it was.
told_birth as (
    select record, year, max(event) as event, min(told_at) as told_at
    from (
        select left(event, character_length(event) - 5) as record, right(event, 4) as year, event, told_at
        from previous.trigger_told
        where rule = 'birthday' and told_at > $as_of - interval '400 days'
        union all
        select h.channel || '/' || h.record_id, right(t.event, 4), null, t.told_at
        from previous.trigger_told t
        join id_map h on h.customer_id = t.customer_id
        where t.rule = 'birthday' and t.told_at > $as_of - interval '400 days' and h.valid_from <= t.told_at and (h.valid_to is null or h.valid_to > t.told_at)
    ) t
    group by record, year
),
-- Customers and their visits that were told as the n-th.
told_visit as (
    select v.customer_id, t.event
    from previous.trigger_told t
    join web_visit v on v.channel || '/' || v.visit_id = t.event
    where t.rule = 'nth_visit' and v.customer_id is not null
),
-- Checkouts whose number was told, by each record that its customer had then. None is valid for longer than 30 days after it was told.
told_purchase as (
    select t.rule, t.number || '/' || replace(h.record_id, '/', '%2F') as event, min(t.told_at) as told_at
    from (
        select rule, customer_id, told_at, unnest(make_array(event, regexp_replace(event, '/[^/]*$', ''))) as number
        from previous.trigger_told
        where rule in ('after_purchase', 'revival', 'overdue', 'dormant') and told_at > $as_of - interval '40 days'
    ) t
    join id_map h on h.customer_id = t.customer_id and starts_with(t.number, h.channel || '/')
    where h.valid_from <= t.told_at and (h.valid_to is null or h.valid_to > t.told_at)
    group by t.rule, t.number || '/' || replace(h.record_id, '/', '%2F')
),
cart as (
    select v.channel || '/' || v.visit_id as event, v.customer_id, c.event_at
    from (
        select channel, coalesce(transaction_id, event_id) as visit_id, max(occurred_at) as event_at
        from _event
        where event_type = 'web_visit'
        group by channel, coalesce(transaction_id, event_id)
    ) c
    join web_visit v on v.channel = c.channel and v.visit_id = c.visit_id
    where v.customer_id is not null
    union all
    -- By record: two records of one person that was two before stay two carts.
    select channel || '/' || min(event_id) as event, max(customer_id) as customer_id, max(occurred_at) as event_at
    from _event
    where event_type = 'app_event' and customer_id is not null
    group by channel, record_id, cast(occurred_at as date)
),
due as (
    select
        rule,
        event,
        customer_id,
        event_at,
        case rule when 'after_purchase' then event_at + interval '10 days' else event_at end as due_at,
        case rule when 'after_purchase' then event_at + interval '17 days' else event_at + interval '14 days' end as valid_until,
        cast(amount as double) as amount,
        -- When it was told of another event.
        null as told_before
    from (
        select
            unnest(make_array('after_purchase', 'revival')) as rule,
            channel || '/' || purchase || '/' || replace(record_id, '/', '%2F') as event,
            customer_id,
            occurred_at as event_at,
            days_since_previous,
            amount
        from purchase
        where occurred_at > $as_of - interval '17 days'
    ) p
    where rule = 'after_purchase' or days_since_previous >= $dormant_days and event_at > $as_of - interval '14 days'
    union all
    select 'cart_left', c.event, c.customer_id, c.event_at, c.event_at + interval '1 day', c.event_at + interval '8 days', null, null
    from cart c
    left join _buyer l on l.customer_id = c.customer_id
    where l.last_at is null or l.last_at < c.event_at
    union all
    select rule, event, customer_id, last_at, due_at, due_at + interval '30 days', null, null
    from (
        select 'overdue' as rule, event, customer_id, last_at,
            last_at + arrow_cast(cast(1500000 * greatest((date_part('epoch', last_at) - date_part('epoch', first_at)) / (purchases - 1), 86400)
                as bigint), 'Duration(Microsecond)') as due_at
        from _buyer
        where purchases >= 3
        union all
        select 'dormant' as rule, event, customer_id, last_at,
            last_at + arrow_cast(cast(86400000000 * $dormant_days as bigint), 'Duration(Microsecond)') as due_at
        from _buyer
    ) s
    union all
    select 'points_expiring', channel || '/' || event_id, customer_id, occurred_at, valid_until - interval '30 days', valid_until, cast(left_over as double), null
    from _point
    where left_over > 0 and valid_until > $as_of and customer_id is not null
    union all
    select 'birthday', coalesce(told, record || '/' || year), customer_id, null,
        $as_of + arrow_cast(cast(1000000 * (day_at - date_part('epoch', $as_of)) as bigint), 'Duration(Microsecond)') as due_at,
        $as_of + arrow_cast(cast(1000000 * (week_at - date_part('epoch', $as_of)) as bigint), 'Duration(Microsecond)') as valid_until,
        null,
        told_at
    from (
        select
            b.customer_id,
            b.year,
            min(r.channel || '/' || r.record_id) as record,
            min(o.event) as told,
            min(o.told_at) as told_at,
            date_part('epoch', cast(b.on_day as timestamp with time zone)) as day_at,
            date_part('epoch', cast(b.on_day + interval '7 days' as timestamp with time zone)) as week_at
        from (select *, cast(date_part('year', on_day) as varchar) as year from next_birthday) b
        join id_map r on r.customer_id = b.customer_id
        left join told_birth o on o.record = r.channel || '/' || r.record_id and o.year = b.year
        where b.on_day <= cast($as_of + interval '30 days' as date) and r.valid_to is null
        group by b.customer_id, b.on_day, b.year
    ) d
    union all
    select 'nth_visit', v.event, v.customer_id, v.started_at, v.started_at as due_at, v.started_at + interval '7 days', null, null
    from (
        select
            *,
            channel || '/' || visit_id as event,
            row_number() over (partition by customer_id order by started_at, channel, visit_id) as place
        from web_visit
        where customer_id is not null
    ) v
    left join told_visit o on o.event = v.event
    left join (select distinct customer_id from told_visit) c on c.customer_id = v.customer_id
    where (o.event is not null or c.customer_id is null and v.place = $nth_visit) and v.started_at > $as_of - interval '7 days'
)
select
    d.rule,
    d.event,
    d.customer_id,
    d.event_at,
    d.due_at,
    d.valid_until,
    d.due_at <= $as_of and coalesce(t.told_at = $as_of, coalesce(d.told_before, o.told_at) is null) as due_now,
    coalesce(t.told_at, d.told_before, o.told_at, case when d.due_at <= $as_of then $as_of end) as told_at,
    d.amount
from due d
left join previous.trigger_told t on t.rule = d.rule and t.event = d.event
left join told_purchase o on o.rule = d.rule and o.event = d.event
where d.valid_until > $as_of
