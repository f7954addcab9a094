-- Facts of the kinds of which there are few, messages with their answers, and carts of the app and of the web site of the last 9 days, up to the
-- run's time: what several marts read, found in one pass over all facts. Visits are in _web.
select
    channel,
    event_id,
    customer_id,
    record_id,
    event_type,
    occurred_at,
    transaction_id,
    item_id,
    item_name,
    quantity,
    amount,
    category,
    status,
    coupon_id,
    medium,
    campaign,
    arm,
    account_id,
    corporate_number,
    valid_until,
    bought_on,
    serial_number,
    staff,
    score,
    reason
from interaction
where occurred_at <= $as_of
    and (event_type in ('ticket', 'ticket_reply', 'membership', 'point', 'registration', 'contract', 'engagement', 'coupon', 'message')
        or event_type in ('app_event', 'web_visit') and category = 'cart' and occurred_at > $as_of - interval '9 days')
