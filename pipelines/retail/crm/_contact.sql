-- A contact, also of somebody unknown: a ticket, with its first reply, and what its customer bought in the 90 days before and after.
-- A repeat contact comes within 30 days after another contact of the same customer, whatever it is about.
-- A complaint is a contact of the category complaint, クレーム or 苦情.
-- `sales_after_90` is null until 90 days have passed, as both sales are where the customer is unknown or nobody bought anything.
with ticket as (
    select
        channel,
        case when event_type = 'ticket_reply' then transaction_id else event_id end as event_id,
        max(case when event_type = 'ticket' then customer_id end) as customer_id,
        max(case when event_type = 'ticket' then category end) as category,
        max(case when event_type = 'ticket' then staff end) as staff,
        max(case when event_type = 'ticket' then item_id end) as item_id,
        max(case when event_type = 'ticket' then occurred_at end) as occurred_at,
        min(case when event_type = 'ticket_reply' then occurred_at end) as first_reply_at
    from _event
    where event_type in ('ticket', 'ticket_reply')
    group by channel, case when event_type = 'ticket_reply' then transaction_id else event_id end
),
contact as (
    select *, lag(occurred_at) over (partition by customer_id order by occurred_at, channel, event_id) as previous_at
    from ticket
    where occurred_at is not null
),
sale as (
    select
        c.channel,
        c.event_id,
        sum(case when p.occurred_at < c.occurred_at then p.amount end) as sales_before_90,
        sum(case when p.occurred_at >= c.occurred_at then p.amount end) as sales_after_90
    from contact c
    join purchase p on p.customer_id = c.customer_id
    where p.occurred_at >= c.occurred_at - interval '90 days' and p.occurred_at < c.occurred_at + interval '90 days'
    group by c.channel, c.event_id
)
select
    c.channel,
    c.event_id,
    c.customer_id,
    c.occurred_at,
    c.category,
    c.staff,
    c.item_id,
    coalesce(c.category in ('complaint', 'クレーム', '苦情'), false) as complaint,
    c.customer_id is not null and coalesce(c.occurred_at <= c.previous_at + interval '30 days', false) as repeat,
    (date_part('epoch', c.first_reply_at) - date_part('epoch', c.occurred_at)) / 3600 as first_reply_hours,
    case when c.customer_id is not null and b.any_purchase then coalesce(s.sales_before_90, 0) end as sales_before_90,
    case when c.customer_id is not null and b.any_purchase and c.occurred_at + interval '90 days' <= $as_of
        then coalesce(s.sales_after_90, 0) end as sales_after_90
from contact c
cross join (select count(*) > 0 as any_purchase from purchase) b
left join sale s on s.channel = c.channel and s.event_id = c.event_id
