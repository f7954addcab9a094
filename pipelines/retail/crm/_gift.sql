-- What a purchase sent to somebody else than its buyer: one row for each purchase and recipient. A recipient is what the source says, a key of the
-- shop's address book or a record of the channel: then it is the customer of that record. What went to the buyer under another number is no gift.
-- amount: of the lines for the recipient; a line that came back is worth nothing, a negative line lowers.
-- recipient: who it is over all gifts: the customer, or else the key within its channel. is_within: both are of one household.
-- needs: interaction.recipient
with sent as (
    select
        customer_id,
        channel,
        purchase,
        recipient,
        sum(case when status is not null and status = 'returned' and (amount is null or amount >= 0) then 0 else amount end) as amount
    from _sale
    where recipient is not null and customer_id is not null and not is_return
        and (status is null or status not in ('cancelled', 'provisional'))
    group by customer_id, channel, purchase, recipient
)
select
    s.customer_id,
    s.channel,
    s.purchase,
    coalesce('customer ' || r.customer_id, s.channel || '/' || s.recipient) as recipient,
    r.customer_id as recipient_id,
    g.household_id,
    h.household_id as recipient_household_id,
    coalesce(g.household_id = h.household_id, false) as is_within,
    p.occurred_at,
    coalesce(s.amount, 0) as amount
from sent s
join purchase p on p.customer_id = s.customer_id and p.channel = s.channel and p.purchase = s.purchase
join golden_customer g on g.customer_id = s.customer_id
left join id_map r on r.channel = s.channel and r.record_id = s.recipient and r.valid_to is null
left join golden_customer h on h.customer_id = r.customer_id
where r.customer_id is null or r.customer_id <> s.customer_id
