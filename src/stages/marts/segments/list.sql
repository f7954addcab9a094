-- What becomes of each member of a segment on the way to its mail list: one row each, with the first reason for which it is not on it.
-- list.member: the members, with the value that orders them. list.excluded: members of the segments that are left out. list.sent: a row for
-- each message that the cap counts.
with agreed as (
    select
        customer_id,
        channel,
        record_id,
        stated_at,
        row_number() over (partition by customer_id order by stated_at desc nulls last, channel, record_id) as place
    from _consent
    where purpose = $purpose and contact = $contact and is_in_force
),
-- The newest address of the newest grant, or the newest of the device. Where another customer denied it, no older one takes its place.
address as (
    select
        customer_id,
        device,
        address,
        channel,
        record_id,
        granted_at,
        denied_by_other,
        row_number() over (partition by customer_id order by position) as place
    from list.address
),
sent as (
    select customer_id, count(*) as messages from list.sent group by customer_id
)
select
    m.customer_id,
    case
        when g.customer_id is null then 'no_consent'
        when $is_addressed and (a.address is null or a.denied_by_other) then 'no_address'
        when e.customer_id is not null then 'excluded'
        when coalesce(s.messages, 0) >= $messages then 'capped'
        else 'listed'
    end as outcome,
    a.device,
    a.address,
    -- Of the grant whose address it is; a push has none.
    case when a.customer_id is null then g.channel else a.channel end as channel,
    case when a.customer_id is null then g.record_id else a.record_id end as record_id,
    case when a.customer_id is null then g.stated_at else a.granted_at end as granted_at,
    m.order_value
from list.member m
left join (select * from agreed where place = 1) g on g.customer_id = m.customer_id
left join (select * from address where place = 1) a on a.customer_id = m.customer_id
left join list.excluded e on e.customer_id = m.customer_id
left join sent s on s.customer_id = m.customer_id
