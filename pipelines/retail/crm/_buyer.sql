-- A customer who bought: what the marts of the CRM ask of all purchases of a customer, found in one pass over them.
-- event: the last purchase, named as in `trigger_due`.
-- `_then`: by the purchases up to one month before $as_of (before the 31st the last day of a shorter month, at the same time of day), null or 0 where there were none; amounts are lowered by what came back up to now, also those of then.
-- recent, before, recent_before: purchases of the last $stage_days × 24 hours, those up to $stage_move_days × 24 hours ago, and of these those of
-- the $stage_days × 24 hours before that moment.
select
    customer_id,
    max(case when next_occurred_at is null then channel || '/' || purchase || '/' || replace(record_id, '/', '%2F') end) as event,
    min(occurred_at) as first_at,
    max(occurred_at) as last_at,
    count(*) as purchases,
    sum(amount) as amount,
    max(case when occurred_at <= month_ago then occurred_at end) as last_then,
    count(case when occurred_at <= month_ago then 1 end) as purchases_then,
    sum(case when occurred_at <= month_ago then amount end) as amount_then,
    count(case when age < $stage_days then 1 end) as recent,
    count(case when age >= $stage_move_days then 1 end) as before,
    count(case when age >= $stage_move_days and age < $stage_move_days + $stage_days then 1 end) as recent_before
from (
    select
        *,
        (date_part('epoch', $as_of) - date_part('epoch', occurred_at)) / 86400 as age,
        cast($as_of as timestamp with time zone) - interval '1 month' as month_ago
    from purchase
) p
group by customer_id
