-- What the health score asks of each contract in force and of each person without one: as of now (back 0) and of $health_back_days × 24 hours
-- ago (back 1), by the facts up to that moment, and with the score. health_score has the rules.
-- Identity is as known at the moment: ago it is what id_map held then, and today's of records that it did not have yet.
-- needs: event.engagement
with known_then as (
    select channel, record_id, customer_id
    from id_map
    where date_part('epoch', $as_of) - date_part('epoch', valid_from) >= $health_back_days * 86400
        and (valid_to is null or date_part('epoch', $as_of) - date_part('epoch', valid_to) < $health_back_days * 86400)
),
fact as (
    select
        i.back,
        i.channel,
        i.record_id,
        i.event_id,
        case when i.back = 1 then coalesce(k.customer_id, i.customer_id) else i.customer_id end as customer_id,
        i.back = 1 and k.customer_id is not null as is_known_then,
        i.account_id,
        i.corporate_number,
        i.event_type,
        i.category,
        i.quantity,
        i.score,
        i.amount,
        i.running,
        -- Days before the moment.
        (date_part('epoch', $as_of) - date_part('epoch', i.occurred_at)) / 86400 - i.back * $health_back_days as age,
        i.place
    from (
        select *, unnest(make_array(0, 1)) as back
        from (
            select channel, record_id, event_id, customer_id, account_id, corporate_number, event_type, category, quantity, score, amount, occurred_at,
                0 as place, null as running
            from _event
            where event_type in ('engagement', 'ticket', 'registration')
            union all
            select channel, record_id, event_id, customer_id, account_id, corporate_number, 'contract', category, null, null, amount, at, place,
                running
            from _contract_event
        ) e
    ) i
    left join known_then k on k.channel = i.channel and k.record_id = i.record_id
),
contract as (
    select
        back,
        account_id,
        first_value(running order by age, place desc, event_id desc) as running,
        first_value(amount order by age, place desc, event_id desc) filter (where amount is not null) as fee,
        first_value(customer_id order by age, place desc, event_id desc) filter (where customer_id is not null) as customer_id,
        first_value(corporate_number order by age, place desc, event_id desc) filter (where corporate_number is not null) as corporate_number
    from fact
    where event_type = 'contract' and age >= 0
    group by back, account_id
),
in_force as (
    select back, account_id, customer_id, corporate_number, fee from contract where running
),
-- What a record id did, under each contract id that it named.
record as (
    select
        back,
        account_id,
        customer_id,
        channel,
        record_id,
        bool_or(is_known_then) as is_known_then,
        count(case when event_type = 'engagement' and age < $health_days then 1 end) as engagements,
        count(case when event_type = 'engagement' and category = 'login' and age < $health_days then 1 end) as logins,
        sum(case when event_type = 'engagement' and category = 'login' and age < $health_days then quantity end) as minutes,
        count(case when event_type = 'registration' then 1 end) as registered,
        count(case when event_type = 'engagement' and category = 'admin' then 1 end) as admins,
        count(case when event_type = 'engagement' and category in ('training', 'meeting') and age < $health_days then 1 end) as trainings,
        count(case when event_type = 'ticket' and age < $health_days then 1 end) as contacts,
        case when max(case when event_type = 'engagement' and category = 'login' then age end) < $health_days then 1 else 0 end as new_accounts,
        count(case when event_type = 'engagement' and category = 'survey' and score >= 9 and age < $health_days then 1 end) as promoters,
        count(case when event_type = 'engagement' and category = 'survey' and score <= 6 and age < $health_days then 1 end) as detractors,
        count(case when event_type = 'engagement' and category = 'survey' and score is not null and age < $health_days then 1 end) as answers,
        count(case when event_type = 'engagement' and category = 'community' and age < $health_days then 1 end) as community,
        count(case when event_type = 'engagement' and category = 'voice' and age < $health_days then 1 end) as voices,
        count(case when event_type = 'engagement' and category = 'survey' and age < $health_days then 1 end) as surveys,
        count(case when event_type = 'engagement' and category = 'referral' and age < $health_days then 1 end) as referrals
    from fact
    where age >= 0
    group by back, account_id, customer_id, channel, record_id
),
unit as (
    select
        r.back,
        case when coalesce(a.account_id, c.account_id) is null then 'person' else 'contract' end as unit,
        coalesce(a.account_id, c.account_id, r.customer_id) as unit_id,
        case when coalesce(a.account_id, c.account_id) is null then r.customer_id else coalesce(a.customer_id, c.customer_id) end as customer_id,
        coalesce(a.corporate_number, c.corporate_number) as corporate_number,
        coalesce(a.fee, c.fee) as fee,
        r.is_known_then,
        r.engagements,
        r.logins,
        r.minutes,
        r.registered,
        r.admins,
        r.trainings,
        r.contacts,
        r.new_accounts,
        r.promoters,
        r.detractors,
        r.answers,
        r.community,
        r.voices,
        r.surveys,
        r.referrals
    from record r
    left join in_force a on a.back = r.back and a.account_id = r.account_id
    -- A fact that names no contract in force is one of each contract of its person.
    left join in_force c on a.account_id is null and c.back = r.back and c.customer_id = r.customer_id
    where coalesce(a.account_id, r.customer_id) is not null
),
summed as (
    select
        back,
        unit,
        unit_id,
        max(customer_id) as customer_id,
        max(corporate_number) as corporate_number,
        max(fee) as fee,
        bool_or(is_known_then) as is_known_then,
        sum(logins) as logins,
        sum(minutes) as minutes,
        sum(registered) as registered,
        sum(admins) as admins,
        sum(trainings) as trainings,
        sum(contacts) as contacts,
        sum(new_accounts) as new_accounts,
        sum(community) as community,
        sum(voices) as voices,
        sum(surveys) as surveys,
        sum(referrals) as referrals,
        cast(sum(promoters) - sum(detractors) as double) / nullif(sum(answers), 0) as nps
    from unit
    group by back, unit, unit_id
    having unit = 'contract' or sum(engagements) > 0
),
-- A part of which nobody has a fact is not mapped, and null.
part as (
    select
        back,
        unit,
        unit_id,
        customer_id,
        corporate_number,
        fee,
        is_known_then,
        case when sum(logins) over () > 0 then logins end as logins,
        case when sum(minutes) over () > 0 then coalesce(minutes, 0) end as minutes,
        case when sum(registered) over () > 0 then registered end as registered,
        case when sum(admins) over () > 0 then admins end as admins,
        case when sum(trainings) over () > 0 then trainings end as trainings,
        case when sum(contacts) over () > 0 then contacts end as contacts,
        case when sum(new_accounts) over () > 0 then new_accounts end as new_accounts,
        nps,
        case when sum(community) over () > 0 then community end as community,
        case when sum(voices) over () > 0 then voices end as voices,
        case when sum(surveys) over () > 0 then surveys end as surveys,
        case when sum(referrals) over () > 0 then referrals end as referrals
    from summed
),
pointed as (
    select
        *,
        case
            when logins is not null then 0 + greatest(-$health_part_limit, least($health_part_limit, logins * $health_login_weight))
        end as logins_points,
        case
            when minutes is not null then 0 + greatest(-$health_part_limit, least($health_part_limit, minutes * $health_minute_weight))
        end as minutes_points,
        case
            when registered is not null then 0 + greatest(-$health_part_limit, least($health_part_limit, registered * $health_registered_weight))
        end as registered_points,
        case
            when admins is not null then 0 + greatest(-$health_part_limit, least($health_part_limit, admins * $health_admin_weight))
        end as admins_points,
        case
            when trainings is not null then 0 + greatest(-$health_part_limit, least($health_part_limit, trainings * $health_training_weight))
        end as trainings_points,
        case
            when contacts is not null then 0 + greatest(-$health_part_limit, least($health_part_limit, contacts * $health_contact_weight))
        end as contacts_points,
        case
            when new_accounts is not null then 0 + greatest(-$health_part_limit, least($health_part_limit, new_accounts * $health_new_account_weight))
        end as new_accounts_points,
        case
            when nps is not null then 0 + greatest(-$health_part_limit, least($health_part_limit, nps * $health_nps_weight))
        end as nps_points,
        case
            when community is not null then 0 + greatest(-$health_part_limit, least($health_part_limit, community * $health_community_weight))
        end as community_points,
        case
            when voices is not null then 0 + greatest(-$health_part_limit, least($health_part_limit, voices * $health_voice_weight))
        end as voices_points,
        case
            when surveys is not null then 0 + greatest(-$health_part_limit, least($health_part_limit, surveys * $health_survey_weight))
        end as surveys_points,
        case
            when referrals is not null then 0 + greatest(-$health_part_limit, least($health_part_limit, referrals * $health_referral_weight))
        end as referrals_points
    from part
)
select
    *,
    greatest(0, least(100, $health_start
        + coalesce(logins_points, 0)
        + coalesce(minutes_points, 0)
        + coalesce(registered_points, 0)
        + coalesce(admins_points, 0)
        + coalesce(trainings_points, 0)
        + coalesce(contacts_points, 0)
        + coalesce(new_accounts_points, 0)
        + coalesce(nps_points, 0)
        + coalesce(community_points, 0)
        + coalesce(voices_points, 0)
        + coalesce(surveys_points, 0)
        + coalesce(referrals_points, 0)
    )) as score
from pointed
