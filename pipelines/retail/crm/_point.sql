-- A row of a point account, with what is left of it. A row that adds points is a lot; what was used, expired or taken off takes from the lots in
-- the order in which they expire (those without an end last; of equal ones the older, then by event id). So merging customers merges no points.
-- When it was taken plays no part: it is taken also from a lot that was granted since, or that had ended before, where that one expires first. Of lots
-- that expire in the order in which they were granted, all of whose ends the source says in rows, this is what is left in truth.
-- `running` has first all that was taken, and then lot by lot what was added.
select
    channel,
    account,
    event_id,
    customer_id,
    record_id,
    occurred_at,
    category,
    amount,
    valid_until,
    case when amount > 0 then least(amount, greatest(cast(0 as decimal(20, 4)), running)) end as left_over
from (
    select
        channel,
        coalesce(account_id, record_id, event_id) as account,
        event_id,
        customer_id,
        record_id,
        occurred_at,
        category,
        amount,
        valid_until,
        sum(amount) over (
            partition by channel, coalesce(account_id, record_id, event_id) order by amount > 0, valid_until nulls last, occurred_at, event_id
            rows between unbounded preceding and current row
        ) as running
    from _event
    where event_type = 'point' and amount is not null
) p
