-- A message with what the person bought: the first purchase within $conversion_days days (of 24 hours) from the send on.
-- at: when it was sent; of an answer to no known send, the answer.
-- needs: event.message
with bought as (
    select m.channel, m.send, min(p.occurred_at) as bought_at
    from _message m
    join purchase p on p.customer_id = m.customer_id and p.occurred_at >= m.sent_at
    where date_part('epoch', p.occurred_at) - date_part('epoch', m.sent_at) < $conversion_days * 86400
    group by m.channel, m.send
)
select m.*, coalesce(m.sent_at, m.first_at) as at, b.bought_at
from _message m
left join bought b on b.channel = m.channel and b.send = m.send
