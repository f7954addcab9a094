-- A message, once, with the first answer of each kind. All rows of a send name one record. An answer to no known send has no sent_at.
-- needs: event.message
select
    channel,
    coalesce(transaction_id, event_id) as send,
    max(customer_id) as customer_id,
    max(record_id) as record_id,
    max(campaign) as campaign,
    max(arm) as arm,
    max(medium) as medium,
    min(occurred_at) as first_at,
    min(case when category = 'sent' then occurred_at end) as sent_at,
    min(case when category = 'opened' then occurred_at end) as opened_at,
    min(case when category = 'clicked' then occurred_at end) as clicked_at,
    min(case when category = 'unsubscribed' then occurred_at end) as unsubscribed_at,
    min(case when category = 'blocked' then occurred_at end) as blocked_at
from _event
where event_type = 'message'
group by channel, coalesce(transaction_id, event_id)
