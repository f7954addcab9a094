-- What a contract was from a moment on: one row each time that it starts, is changed or ends. A contract id is one contract, in whatever
-- channel. At one time a start comes before a change, a change before an end. An end that is still to come is none yet, and a contract that ends and
-- starts at one moment runs on (`_contract_event`).
-- at, until_at: from when on, and until the next such moment; month, next_month: the same in months from year 0, 99999 where there is none.
-- running: in force from then on. fee: the monthly fee from then on: 0 while not running; a row that says none leaves it. ran, fee_before: up to then.
-- The customer is the last one known of the contract, in the record by which it is known; the first channel and medium are those of the
-- customer's first purchase.
with stated as (
    select
        account_id,
        event_id,
        category,
        place,
        at,
        amount,
        customer_id,
        case when customer_id is not null then channel end as channel,
        case when customer_id is not null then record_id end as record_id,
        corporate_number,
        reason,
        running,
        cast(date_part('year', to_local_time(at)) * 12 + date_part('month', to_local_time(at)) - 1 as int) as month
    from _contract_event
    where at <= $as_of
),
known as (
    select
        account_id,
        event_id,
        category,
        place,
        at,
        month,
        reason,
        running,
        case when running then coalesce(last_value(amount) ignore nulls over so_far, 0) else 0 end as fee,
        last_value(customer_id) ignore nulls over whole as customer_id,
        last_value(channel) ignore nulls over whole as channel,
        last_value(record_id) ignore nulls over whole as record_id,
        last_value(corporate_number) ignore nulls over whole as corporate_number
    from stated
    window
        so_far as (partition by account_id order by at, place, event_id rows between unbounded preceding and current row),
        whole as (partition by account_id order by at, place, event_id rows between unbounded preceding and unbounded following)
),
step as (
    select
        *,
        lead(at) over moment as until_at,
        coalesce(lead(month) over moment, 99999) as next_month,
        coalesce(lag(running) over moment, false) as ran,
        coalesce(lag(fee) over moment, 0) as fee_before
    from known
    window moment as (partition by account_id order by at, place, event_id)
)
select
    s.account_id,
    s.category,
    s.at,
    s.until_at,
    s.month,
    s.next_month,
    s.running,
    s.ran,
    cast(s.fee as decimal(20, 4)) as fee,
    cast(s.fee_before as decimal(20, 4)) as fee_before,
    s.customer_id,
    s.channel,
    s.record_id,
    s.corporate_number,
    s.reason,
    b.first_channel,
    b.first_medium
from step s
left join _purchaser b on b.customer_id = s.customer_id
