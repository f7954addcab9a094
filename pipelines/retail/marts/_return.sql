-- A checkout of nothing but negative lines, or a return on a card, and the customer's purchase before it, which it lowers. One without a
-- purchase before it is not here. At one time the last purchase by channel and number is lowered.
with back as (
    select customer_id, channel, purchase, max(occurred_at) as occurred_at
    from _sale
    where customer_id is not null and (is_return or amount < 0) and (status is null or status not in ('cancelled', 'provisional'))
    group by customer_id, channel, purchase
),
before as (
    select
        b.customer_id,
        b.channel,
        b.purchase,
        b.occurred_at,
        s.channel as of_channel,
        s.purchase as of_purchase,
        s.channel = b.channel and s.purchase = b.purchase as own,
        max(s.occurred_at) as of_occurred_at
    from back b
    join _sale s on s.customer_id = b.customer_id
    left join _receipt r on r.receipt_id = s.receipt_id
    where not s.is_return and (s.amount is null or s.amount >= 0)
        and (s.status is null or s.status not in ('cancelled', 'provisional', 'returned'))
        and (r.stays is null or substr(r.stays, 2) = s.channel || ' ' || s.purchase)
    group by b.customer_id, b.channel, b.purchase, b.occurred_at, s.channel, s.purchase
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
