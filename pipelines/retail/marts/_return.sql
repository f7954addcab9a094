-- A checkout of nothing but negative lines, or a return on a card, and the customer's purchase that it lowers. One that lowers nothing is not here.
-- It lowers the sale of its receipt (at several receipts that of the first): of several checkouts with it the one that stays (_receipt), else the
-- only other one, where that is the customer's. Without such a sale it lowers the purchase before it, at one time the last by channel and number.
-- Where the sale of its receipt is cancelled, provisional or returned, it lowers nothing. Nor does it where the sale's own channel tells that a part
-- came back or was cancelled, and this is another channel: two channels tell one return.
with back as (
    select customer_id, channel, purchase, max(occurred_at) as occurred_at, min(receipt_id) as receipt_id
    from _sale
    where customer_id is not null and (is_return or amount < 0) and (status is null or status not in ('cancelled', 'provisional'))
    group by customer_id, channel, purchase
),
-- The sale of each receipt under which something came back: whether any line of it stands, and whether any does not.
sold as (
    select
        s.receipt_id,
        min(s.customer_id) as customer_id,
        min(s.channel) as channel,
        min(s.purchase) as purchase,
        max(r.stays) is not null as shared,
        bool_or(s.status is null or s.status not in ('cancelled', 'provisional', 'returned')) as stands,
        bool_or(s.status is not null and s.status in ('cancelled', 'provisional', 'returned')) as partly
    from (
        select receipt_id, customer_id, channel, purchase, status
        from _sale
        where customer_id is not null and not is_return and (amount is null or amount >= 0)
            and receipt_id in (select receipt_id from back where receipt_id is not null)
    ) s
    left join _receipt r on r.receipt_id = s.receipt_id
    where r.stays is null or substr(r.stays, 2) = s.channel || ' ' || s.purchase
    group by s.receipt_id
),
-- told: whether the sale's own channel has a return of it, by its receipt or its number.
named as (
    select
        b.customer_id,
        b.channel,
        b.purchase,
        b.occurred_at,
        s.channel as sold_channel,
        s.purchase as sold_purchase,
        s.stands,
        s.partly,
        bool_or(s.channel is null or s.channel = b.channel) over (
            partition by coalesce(s.channel, b.channel), coalesce(s.purchase, b.purchase)
        ) as told
    from back b
    left join sold s on s.receipt_id = b.receipt_id
        and (s.shared or s.customer_id = b.customer_id and (s.channel <> b.channel or s.purchase <> b.purchase))
),
bought as (
    select
        n.customer_id,
        n.channel,
        n.purchase,
        n.occurred_at,
        s.channel as of_channel,
        s.purchase as of_purchase,
        s.channel = n.channel and s.purchase = n.purchase as own,
        coalesce(s.channel = n.sold_channel and s.purchase = n.sold_purchase, false) as of_receipt,
        max(s.occurred_at) as of_occurred_at
    from named n
    join _sale s on s.customer_id = n.customer_id
    left join _receipt r on r.receipt_id = s.receipt_id
    where (n.sold_channel is null or n.stands and (n.sold_channel = n.channel or not (n.partly or n.told)))
        and not s.is_return and (s.amount is null or s.amount >= 0)
        and (s.status is null or s.status not in ('cancelled', 'provisional', 'returned'))
        and (r.stays is null or substr(r.stays, 2) = s.channel || ' ' || s.purchase)
    group by n.customer_id, n.channel, n.purchase, n.occurred_at, n.sold_channel, n.sold_purchase, s.channel, s.purchase
),
ranked as (
    select
        *,
        row_number() over (
            partition by customer_id, channel, purchase
            order by own desc, of_receipt desc, of_occurred_at desc, of_channel desc, of_purchase desc
        ) as place
    from bought
    where own or of_receipt or of_occurred_at <= occurred_at
)
select customer_id, channel, purchase, of_channel, of_purchase from ranked where place = 1 and not own
