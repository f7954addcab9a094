-- What was said of a contract, once, with the moment from which it holds: at. An end holds from its valid_until on where that is later than it was
-- said: until then the contract is in force. An end that is still to come where the contract starts, or another end of it is said, never comes.
-- Nor does one of a contract that ran up to then and starts at that very moment: it is renewed, and goes on with the fee of the start.
-- place: at one time a start comes before a change, a change before an end.
-- running: in force from then on. A change leaves it as it was; where it is the first that is said of a contract, that ran before.
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
),
moment as (
    select
        *,
        min(at) over (partition by account_id) as first_at,
        bool_or(category = 'start') over (partition by account_id, at) as starts,
        bool_or(category = 'end') over (partition by account_id, at) as ends
    from followed
    where category <> 'end' or at = occurred_at or next_at is null or next_at >= at
),
-- A start and an end at one moment leave a contract as it was before: one that ran is renewed, and one that did not is over at once.
known as (
    select
        *,
        last_value(case when at = first_at then not ends when starts <> ends then starts end) ignore nulls over (
            partition by account_id order by at, place, event_id rows between unbounded preceding and current row
        ) as runs
    from moment
)
select
    account_id,
    event_id,
    category,
    place,
    at,
    amount,
    customer_id,
    channel,
    record_id,
    corporate_number,
    reason,
    coalesce(
        last_value(case when category <> 'change' then category = 'start' end) ignore nulls over (
            partition by account_id order by at, place, event_id rows between unbounded preceding and current row
        ),
        true
    ) as running
from known
where not (category = 'end' and starts and runs)
