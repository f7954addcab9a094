-- Persons of another threshold in an arm of a campaign, as `_test_person` has the published ones: those who come where customers of today go.
-- Which purchases there are is as published.
-- needs: event.message, interaction.campaign
with sent as (
    select c.threshold, coalesce(a.person, c.person) as person, s.campaign, s.arm, s.sent_at, s.answered
    from _customer_at c
    join _test_send s on s.customer_id = c.customer_id
    left join _identity_at a on a.threshold = c.threshold and a.sign = c.sign and a.channel = s.channel and a.record_id = s.record_id
        and a.customer_id = s.customer_id
    where c.sign = 1
),
bought as (
    select s.threshold, s.person, s.campaign, s.arm
    from sent s
    join _purchase_at p on p.sign = 1 and p.threshold = s.threshold and p.person = s.person and p.occurred_at >= s.sent_at
    where date_part('epoch', p.occurred_at) - date_part('epoch', s.sent_at) < $conversion_days * 86400
    group by s.threshold, s.person, s.campaign, s.arm
),
person as (
    select
        threshold,
        campaign,
        arm,
        person,
        date_part('epoch', $as_of) - date_part('epoch', max(sent_at)) >= $conversion_days * 86400 as ripe,
        max(answered) as answered
    from sent
    group by threshold, campaign, arm, person
)
select
    p.threshold,
    p.campaign,
    p.arm,
    p.person,
    p.ripe,
    case when b.person is not null then 1 else p.answered end as converted,
    count(*) over (partition by p.threshold, p.campaign, p.person) as arms
from person p
left join bought b on b.threshold = p.threshold and b.campaign = p.campaign and b.arm = p.arm and b.person = p.person
