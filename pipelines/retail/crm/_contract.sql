-- What a contract was from a moment on: one row each time that it starts, is changed or ends. At one time a start comes before a change, a
-- change before an end. Months are counted from year 0. fee: from then on, 0 after an end; a row that says none leaves it. next_month: the month of the next such moment, 99999
-- where there is none. ran, fee_before: up to then. The customer is the last one known of the contract; the first channel and medium are
-- those of the customer's first purchase.
with known as (
    select
        *,
        case when category = 'end' then 0 else coalesce(last_value(amount) ignore nulls over so_far, 0) end as fee,
        last_value(customer_id) ignore nulls over whole as person
    from (
        select
            customer_id,
            account_id,
            category,
            amount,
            occurred_at,
            event_id,
            cast(date_part('year', to_local_time(occurred_at)) * 12 + date_part('month', to_local_time(occurred_at)) - 1 as int) as month,
            case category when 'start' then 1 when 'change' then 2 else 3 end as place
        from interaction
        where event_type = 'contract' and category in ('start', 'change', 'end') and account_id is not null and occurred_at <= $as_of
    )
    window
        so_far as (partition by account_id order by occurred_at, place, event_id rows between unbounded preceding and current row),
        whole as (partition by account_id order by occurred_at, place, event_id rows between unbounded preceding and unbounded following)
),
step as (
    select
        account_id,
        person as customer_id,
        month,
        category <> 'end' as running,
        fee,
        coalesce(lead(month) over moment, 99999) as next_month,
        coalesce(lag(category <> 'end') over moment, false) as ran,
        coalesce(lag(fee) over moment, 0) as fee_before
    from known
    window moment as (partition by account_id order by occurred_at, place, event_id)
)
select s.*, b.first_channel, b.first_medium
from step s
left join _purchaser b on b.customer_id = s.customer_id
