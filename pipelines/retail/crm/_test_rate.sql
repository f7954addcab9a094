-- Persons and conversions of an arm, by segment, with Wilson's 95 % interval of the rate. unit record: by record ids, as sent.
-- needs: event.message, interaction.campaign
with counted as (
    select
        campaign,
        arm,
        converted,
        coalesce(first_channel, 'none') as first_channel,
        case
            when last_purchase_at is null then 'none'
            -- Equal times share a fifth.
            else cast(least(5, 1 + cast(floor(5 * percent_rank() over (
                partition by campaign, last_purchase_at is null order by last_purchase_at)) as int)) as varchar)
        end as rfm_r,
        case
            when last_purchase_at is null then 'none'
            else cast(ntile(10) over (
                partition by campaign, last_purchase_at is null order by spent desc, customer_id) as varchar)
        end as decile
    from _test_person
    where arms = 1 and ripe
),
cell as (
    select
        campaign,
        arm,
        'person' as unit,
        case
            when grouping(rfm_r) = 0 then 'rfm_r'
            when grouping(first_channel) = 0 then 'first_channel'
            when grouping(decile) = 0 then 'decile'
            else 'all'
        end as segment_by,
        coalesce(rfm_r, first_channel, decile, 'all') as segment,
        count(*) as persons,
        sum(converted) as conversions
    from counted
    group by grouping sets ((campaign, arm), (campaign, arm, rfm_r), (campaign, arm, first_channel), (campaign, arm, decile))
    union all
    select campaign, arm, 'record', 'all', 'all', count(*), sum(greatest(answered, own_bought))
    from _test_id
    where date_part('epoch', $as_of) - date_part('epoch', last_sent_at) >= $conversion_days * 86400
    group by campaign, arm
),
rated as (
    select *, cast(persons as double) as n, cast(conversions as double) / persons as rate, 1.959963984540054 as z from cell
)
select
    campaign,
    arm,
    unit,
    segment_by,
    segment,
    persons,
    conversions,
    rate,
    (2 * n * rate + z * z - z * sqrt(z * z + 4 * n * rate * (1 - rate))) / (2 * (n + z * z)) as low,
    (2 * n * rate + z * z + z * sqrt(z * z + 4 * n * rate * (1 - rate))) / (2 * (n + z * z)) as high
from rated
