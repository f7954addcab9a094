-- What a customer did and said, over all channels, in order of time.
select
    customer_id,
    row_number() over (partition by customer_id order by occurred_at, channel, event_id) as position,
    occurred_at,
    channel,
    event_id,
    event_type,
    category,
    item_name,
    amount,
    detail
from interaction
where customer_id is not null and (occurred_at <= $as_of or occurred_at is null)
