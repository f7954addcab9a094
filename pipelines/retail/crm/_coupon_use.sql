-- A use of a coupon: of one number by one person in one checkout, with what the checkout was worth where it is a purchase of this person.
-- A use is an event `used`, or a purchase a line of which names the coupon. An event `used` that names no transaction is a use of its own.
-- A person is a customer; of nobody known, the record. The month is that of the first moment.
-- needs: interaction.coupon_id
with use as (
    select
        coupon_id,
        coalesce(customer_id, channel || '/' || record_id, '') as person,
        channel,
        coalesce(transaction_id, event_id) as purchase,
        occurred_at,
        false as is_line
    from _event
    where event_type = 'coupon' and category = 'used' and coupon_id is not null
    union all
    select coupon_id, customer_id, channel, purchase, occurred_at, true
    from _sale
    where coupon_id is not null and customer_id is not null
        and (status is null or status not in ('cancelled', 'provisional', 'returned')) and (amount is null or amount >= 0)
)
select
    u.coupon_id,
    u.person,
    u.channel,
    u.purchase,
    cast(date_trunc('month', min(to_local_time(u.occurred_at))) as date) as month,
    max(case when p.customer_id is not null then 1 else 0 end) = 1 as is_purchase,
    max(p.amount) as amount,
    max(p.discount) as discount
from use u
left join purchase p on p.customer_id = u.person and p.channel = u.channel and p.purchase = u.purchase
where not u.is_line or p.customer_id is not null
group by u.coupon_id, u.person, u.channel, u.purchase
