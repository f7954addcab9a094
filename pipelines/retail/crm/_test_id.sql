-- A record id in an arm of a campaign, as it was sent to: its sends, whether its person converted, and whether it did by itself.
-- campaign_effect says what converts. arms: in how many arms of the campaign the record id stood.
-- A campaign without arms is one arm, `none`. Sends without an arm of a campaign that has some are of no test.
-- needs: event.message, interaction.campaign
with sent as (
    select s.channel, s.record_id, s.customer_id, s.campaign, coalesce(s.arm, 'none') as arm, s.sent_at, s.converted_at, s.bought_at
    from _send s
    left join (select campaign from _send where arm is not null group by campaign) t on t.campaign = s.campaign
    where s.campaign is not null and s.sent_at is not null and s.customer_id is not null and (s.arm is not null or t.campaign is null)
),
-- Those who bought under the record id that was sent to.
own as (
    select s.campaign, s.arm, s.channel, s.record_id
    from sent s
    join _sale i on i.channel = s.channel and i.record_id = s.record_id and i.occurred_at >= s.sent_at
    where not i.is_return and (i.status is null or i.status not in ('cancelled', 'provisional', 'returned')) and coalesce(i.amount, 0) >= 0
        and date_part('epoch', i.occurred_at) - date_part('epoch', s.sent_at) < $conversion_days * 86400
    group by s.campaign, s.arm, s.channel, s.record_id
),
record as (
    select
        campaign,
        arm,
        channel,
        record_id,
        max(customer_id) as customer_id,
        min(sent_at) as first_sent_at,
        max(sent_at) as last_sent_at,
        max(case when date_part('epoch', converted_at) - date_part('epoch', sent_at) < $conversion_days * 86400 then 1 else 0 end) as answered,
        max(case when bought_at is not null then 1 else 0 end) as bought
    from sent
    group by campaign, arm, channel, record_id
)
select
    r.*,
    case when o.record_id is null then 0 else 1 end as own_bought,
    count(*) over (partition by r.campaign, r.channel, r.record_id) as arms
from record r
left join own o on o.campaign = r.campaign and o.arm = r.arm and o.channel = r.channel and o.record_id = r.record_id
