-- A send of a campaign to a known customer: its arm, and whether the customer converted by it. campaign_effect says what converts.
-- A campaign without arms is one arm, `none`. Sends without an arm of a campaign that has some are of no test.
-- needs: event.message, interaction.campaign
select
    s.channel,
    s.record_id,
    s.customer_id,
    s.campaign,
    coalesce(s.arm, 'none') as arm,
    s.sent_at,
    case when date_part('epoch', s.converted_at) - date_part('epoch', s.sent_at) < $conversion_days * 86400 then 1 else 0 end as answered,
    case when s.bought_at is not null then 1 else 0 end as bought
from _send s
left join (select campaign from _send where arm is not null group by campaign) t on t.campaign = s.campaign
where s.campaign is not null and s.sent_at is not null and s.customer_id is not null and (s.arm is not null or t.campaign is null)
