-- What was said of a contract, once, with the moment from which it holds: at. An end holds from its valid_until on where that is later than it was
-- said: until then the contract is in force. An end that is still to come where the contract starts, or another end of it is said, never comes.
-- place: at one time a start comes before a change, a change before an end.
with said as (
    select
        account_id,
        event_id,
        category,
        case category when 'start' then 1 when 'change' then 2 else 3 end as place,
        occurred_at,
        case when category = 'end' and valid_until > occurred_at then valid_until else occurred_at end as at,
        amount,
        customer_id,
        channel,
        record_id,
        corporate_number,
        reason
    from _event
    where event_type = 'contract' and category in ('start', 'change', 'end') and account_id is not null
),
followed as (
    select
        *,
        min(case when category <> 'change' then occurred_at end) over (
            partition by account_id order by occurred_at, place, event_id rows between 1 following and unbounded following
        ) as next_at
    from said
)
select account_id, event_id, category, place, at, amount, customer_id, channel, record_id, corporate_number, reason
from followed
where category <> 'end' or at = occurred_at or next_at is null or next_at >= at
