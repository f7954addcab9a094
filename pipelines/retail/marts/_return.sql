-- A checkout of nothing but negative lines, or a return on a card, and the customer's purchase before it, which it lowers. One without a
-- purchase before it is not here. At one time the last purchase by channel and number is lowered.
with back as (
    select customer_id, channel, coalesce(transaction_id, event_id) as purchase, max(occurred_at) as occurred_at
    from interaction
    where customer_id is not null and occurred_at <= $as_of and (status is null or status not in ('cancelled', 'provisional'))
        and (event_type = 'card_use' and category = 'return' or amount < 0
            and (event_type = 'purchase' or event_type = 'card_use' and category = 'sale' or event_type = 'app_event' and category = 'purchase'))
    group by customer_id, channel, coalesce(transaction_id, event_id)
),
before as (
    select
        b.customer_id,
        b.channel,
        b.purchase,
        b.occurred_at,
        i.channel as of_channel,
        coalesce(i.transaction_id, i.event_id) as of_purchase,
        i.channel = b.channel and coalesce(i.transaction_id, i.event_id) = b.purchase as own,
        max(i.occurred_at) as of_occurred_at
    from back b
    join interaction i on i.customer_id = b.customer_id
    left join _receipt r on r.receipt_id = i.receipt_id
    where (i.amount is null or i.amount >= 0) and i.occurred_at <= $as_of
        and (i.status is null or i.status not in ('cancelled', 'provisional', 'returned'))
        and (i.event_type = 'purchase' or i.event_type = 'card_use' and i.category = 'sale' or i.event_type = 'app_event' and i.category = 'purchase')
        and (r.stays is null or substr(r.stays, 2) = i.channel || ' ' || coalesce(i.transaction_id, i.event_id))
    group by b.customer_id, b.channel, b.purchase, b.occurred_at, i.channel, coalesce(i.transaction_id, i.event_id)
),
ranked as (
    select
        *,
        row_number() over (
            partition by customer_id, channel, purchase order by own desc, of_occurred_at desc, of_channel desc, of_purchase desc
        ) as place
    from before
    where own or of_occurred_at <= occurred_at
)
select customer_id, channel, purchase, of_channel, of_purchase from ranked where place = 1 and not own
