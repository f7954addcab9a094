-- A record id in an arm of a campaign, as it was sent to: whether it converted by itself. campaign_effect says what converts.
-- arms: in how many arms of the campaign the record id stood.
-- needs: event.message, interaction.campaign
-- Those who bought under the record id that was sent to.
with own as (
    select s.campaign, s.arm, s.channel, s.record_id
    from _test_send s
    join _sale i on i.channel = s.channel and i.record_id = s.record_id and i.occurred_at >= s.sent_at
    where not i.is_return and (i.status is null or i.status not in ('cancelled', 'provisional', 'returned')) and coalesce(i.amount, 0) >= 0
        and date_part('epoch', i.occurred_at) - date_part('epoch', s.sent_at) < $conversion_days * 86400
    group by s.campaign, s.arm, s.channel, s.record_id
),
record as (
    select campaign, arm, channel, record_id, max(sent_at) as last_sent_at, max(answered) as answered
    from _test_send
    group by campaign, arm, channel, record_id
)
select
    r.*,
    case when o.record_id is null then 0 else 1 end as own_bought,
    count(*) over (partition by r.campaign, r.channel, r.record_id) as arms
from record r
left join own o on o.campaign = r.campaign and o.arm = r.arm and o.channel = r.channel and o.record_id = r.record_id
