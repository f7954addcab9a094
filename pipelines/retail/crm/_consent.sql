-- What each record of a customer said last, by purpose and way of contact: the rows of `consent_by_record`, and whether each is a consent that is
-- in force. It is where it is a grant that `holds`: newer than all that records of the customer denied, or said without a meaning. And where
-- it has not ended since: the customer unsubscribed from a message of this way (medium = contact, or no medium said) or blocked it, or all
-- memberships of the customer are withdrawn, the last of them since. An end is one of every purpose: who unsubscribes from mail does not say
-- which, and means the address. Whatever writes to somebody, or names somebody to a platform, asks this table.
-- What is not sure is an end. One at the moment of the grant ends it. One of a midnight is that of a source which knows the day alone: it ends
-- the grants of all that day. A grant without a time, or of one that is still to come, is ended by any.
with ended as (
    select customer_id, medium as contact, to_local_time(occurred_at) as at
    from _event
    where event_type = 'message' and category in ('unsubscribed', 'blocked') and customer_id is not null
    union all
    select customer_id, null, to_local_time(withdrawn_at)
    from (
        select customer_id, withdrawn_at, bool_and(state = 'withdrawn') over (partition by customer_id) as is_gone
        from _member
        where customer_id is not null
    ) m
    where is_gone
),
until as (
    select
        customer_id,
        contact,
        max(case when at = date_trunc('day', at) then at + interval '1 day' - interval '1 microsecond' else at end) as ended_at
    from ended
    group by customer_id, contact
),
statement as (
    select *, to_local_time(case when stated_at <= $as_of then stated_at end) as at from consent_by_record
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
    s.holds
        and coalesce(w.customer_id is null or w.ended_at < s.at, false)
        and coalesce(a.customer_id is null or a.ended_at < s.at, false) as is_in_force
from statement s
left join (select * from until where contact is not null) w on w.customer_id = s.customer_id and w.contact = s.contact
left join (select * from until where contact is null) a on a.customer_id = s.customer_id
