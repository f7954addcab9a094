-- What each customer stated, by purpose and way of contact: the rows of `consent`, and whether each is a consent that is in force.
-- It is where it was granted and has not ended since, or at that moment: the customer unsubscribed from a message of this way (medium = contact, or
-- no medium said) or blocked it, or all memberships of the customer are withdrawn, the last of them since. A grant without a time is ended by any
-- of these; one of a time that is still to come is as one without.
with ended as (
    select customer_id, medium as contact, occurred_at as ended_at
    from _event
    where event_type = 'message' and category in ('unsubscribed', 'blocked') and customer_id is not null
    union all
    select customer_id, null, max(withdrawn_at)
    from _member
    where customer_id is not null
    group by customer_id
    having bool_and(state = 'withdrawn')
),
of_way as (
    select customer_id, contact, max(ended_at) as ended_at from ended where contact is not null group by customer_id, contact
),
of_all as (
    select customer_id, max(ended_at) as ended_at from ended where contact is null group by customer_id
)
select
    s.customer_id,
    s.purpose,
    s.contact,
    s.status,
    s.channel,
    s.record_id,
    s.stated_at,
    s.contact_points,
    s.status = 'granted'
        and coalesce(w.customer_id is null or w.ended_at < case when s.stated_at <= $as_of then s.stated_at end, false)
        and coalesce(a.customer_id is null or a.ended_at < case when s.stated_at <= $as_of then s.stated_at end, false) as is_in_force
from consent s
left join of_way w on w.customer_id = s.customer_id and w.contact = s.contact
left join of_all a on a.customer_id = s.customer_id
