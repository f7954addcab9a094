-- What a contract was from a moment on: one row each time that it starts, is changed or ends. A contract id is one contract, in whatever
-- channel. At one time a start comes before a change, a change before an end.
-- fee: the monthly fee from then on: 0 after an end; a row that says none leaves it. fee_before: up to then. until_at: the next such moment.
-- category_before: `end` where the contract was not in force.
-- needs: event.contract, interaction.account_id
with stated as (
    select
        account_id,
        event_id,
        category,
        case category when 'start' then 1 when 'change' then 2 else 3 end as place,
        occurred_at as at,
        amount,
        customer_id,
        corporate_number,
        reason
    from interaction
    where event_type = 'contract' and category in ('start', 'change', 'end') and account_id is not null and occurred_at <= $as_of
),
known as (
    select
        *,
        case when category = 'end' then 0 else coalesce(last_value(amount) ignore nulls over so_far, 0) end as fee,
        last_value(customer_id) ignore nulls over whole as person,
        last_value(corporate_number) ignore nulls over whole as company
    from stated
    window
        so_far as (partition by account_id order by at, place, event_id rows between unbounded preceding and current row),
        whole as (partition by account_id order by at, place, event_id rows between unbounded preceding and unbounded following)
)
select
    account_id,
    category,
    at,
    lead(at) over step as until_at,
    cast(fee as decimal(20, 4)) as fee,
    cast(coalesce(lag(fee) over step, 0) as decimal(20, 4)) as fee_before,
    coalesce(lag(category) over step, 'end') as category_before,
    person as customer_id,
    company as corporate_number,
    reason
from known
window step as (partition by account_id order by at, place, event_id)
