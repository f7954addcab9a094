-- How many customers of each mail list have no consent that holds. It is found from the golden tables and the facts alone, not from the marts
-- that the list was made of. No rows are a good list.
-- Moments are those of the pipeline's zone. An end of a midnight is one of all that day.
with stopped as (
    select customer_id, medium, to_local_time(occurred_at) as at
    from interaction
    where event_type = 'message' and category in ('unsubscribed', 'blocked') and customer_id is not null and occurred_at <= $as_of
),
withdrawn as (
    select customer_id, at
    from (
        select customer_id, to_local_time(occurred_at) as at, bool_and(category = 'withdrawn') over (partition by customer_id) as is_gone
        from (
            select
                first_value(customer_id order by occurred_at desc, category = 'withdrawn' desc, event_id desc) as customer_id,
                first_value(category order by occurred_at desc, category = 'withdrawn' desc, event_id desc) as category,
                max(case when category = 'withdrawn' then occurred_at end) as occurred_at
            from interaction
            where event_type = 'membership' and category in ('joined', 'rank', 'withdrawn') and record_id is not null and occurred_at <= $as_of
            group by channel, record_id
        ) m
        where customer_id is not null
    ) w
    where is_gone
),
listed as (
    select
        l.list,
        l.customer_id,
        l.purpose,
        l.contact,
        l.address,
        coalesce(c.holds, false) as is_granted,
        -- A time that is still to come is none.
        to_local_time(case when c.stated_at <= $as_of then c.stated_at end) as at,
        c.contact_points
    from mail_list l
    left join consent_by_record c on c.customer_id = l.customer_id and c.purpose = l.purpose and c.contact = l.contact
        and c.channel = l.channel and c.record_id = l.record_id
),
refused as (
    select list, customer_id
    from listed
    where not is_granted
        -- An address is one of the record that agreed, and there is one where the way of contact has addresses.
        or case when address is not null then not coalesce(array_has(contact_points, address), false)
            else contact in ('email', 'phone', 'sms') end
    union all
    select l.list, l.customer_id
    from listed l
    join stopped s on s.customer_id = l.customer_id
    where (s.medium is null or s.medium = l.contact) and (l.at is null or s.at >= case when s.at = date_trunc('day', s.at) then date_trunc('day', l.at) else l.at end)
    union all
    select l.list, l.customer_id
    from listed l
    join withdrawn w on w.customer_id = l.customer_id
    where l.at is null or w.at >= case when w.at = date_trunc('day', w.at) then date_trunc('day', l.at) else l.at end
    union all
    select l.list, l.customer_id
    from listed l
    join (
        select customer_id, purpose, contact, address
        from (select customer_id, purpose, contact, holds, unnest(contact_points) as address from consent_by_record) s
        group by customer_id, purpose, contact, address
        having not bool_or(holds)
    ) d
        on d.purpose = l.purpose and d.contact = l.contact and d.address = l.address and d.customer_id <> l.customer_id
)
select list, count(distinct customer_id) as customers
from refused
group by list
order by list
