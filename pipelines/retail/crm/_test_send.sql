-- A send of a campaign to a known customer: its arm, and whether the customer converted by it. campaign_effect says what converts.
-- A campaign without arms is one arm, `none`. Sends without an arm of a campaign that has some are of no test.
-- needs: event.message, interaction.campaign
-- answered: the message says converted, within $conversion_days days (of 24 hours) from the send on. One before the send is no effect of it.
with answered as (
    select s.channel, s.send
    from _send s
    join _event e on e.channel = s.channel and coalesce(e.transaction_id, e.event_id) = s.send and e.occurred_at >= s.sent_at
    where e.event_type = 'message' and e.category = 'converted'
        and date_part('epoch', e.occurred_at) - date_part('epoch', s.sent_at) < $conversion_days * 86400
    group by s.channel, s.send
)
select
    s.channel,
    s.record_id,
    s.customer_id,
    s.campaign,
    coalesce(s.arm, 'none') as arm,
    s.sent_at,
    case when a.send is not null then 1 else 0 end as answered,
    case when s.bought_at is not null then 1 else 0 end as bought
from _send s
left join answered a on a.channel = s.channel and a.send = s.send
left join (select campaign from _send where arm is not null group by campaign) t on t.campaign = s.campaign
where s.campaign is not null and s.sent_at is not null and s.customer_id is not null and (s.arm is not null or t.campaign is null)
