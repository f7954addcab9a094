-- A person in an arm of a campaign, by all record ids: whether it converted, whether it can be counted, and what was known at the first send.
-- arms: in how many arms of the campaign the person stood. arms_of_a_record: the most in which one record id of the person stood.
-- needs: event.message, interaction.campaign
with person as (
    select
        s.campaign,
        s.arm,
        s.customer_id,
        max(coalesce(r.arms, 1)) as arms_of_a_record,
        min(s.sent_at) as first_sent_at,
        date_part('epoch', $as_of) - date_part('epoch', max(s.sent_at)) >= $conversion_days * 86400 as ripe,
        max(greatest(s.answered, s.bought)) as converted
    from _test_send s
    left join (select campaign, channel, record_id, max(arms) as arms from _test_id where arms > 1 group by campaign, channel, record_id) r
        on r.campaign = s.campaign and r.channel = s.channel and r.record_id = s.record_id
    group by s.campaign, s.arm, s.customer_id
),
before as (
    select a.campaign, a.arm, a.customer_id, max(p.occurred_at) as last_purchase_at, sum(p.amount) as spent
    from person a
    join purchase p on p.customer_id = a.customer_id and p.occurred_at < a.first_sent_at
    group by a.campaign, a.arm, a.customer_id
)
select
    a.*,
    count(*) over (partition by a.campaign, a.customer_id) as arms,
    b.last_purchase_at,
    b.spent,
    case when b.last_purchase_at is not null then c.first_channel end as first_channel
from person a
left join before b on b.campaign = a.campaign and b.arm = a.arm and b.customer_id = a.customer_id
left join _purchaser c on c.customer_id = a.customer_id
