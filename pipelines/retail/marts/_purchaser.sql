-- A customer who bought: what most analyses ask of all purchases, found in one pass over them.
-- Of the first purchase: its channel, its medium, and of its items the one of the largest amount (at one amount the first by item_id).
-- profit: net less item cost and the shipping that the shop bore, of the purchases where both are known; profit_net is the net of just these.
-- positive_amount: without purchases of which more came back than was paid, so that shares of it are 0 to 1; profit_amount: of it what has a profit.
-- told_…: of the purchases of channels that tell of discounts, that is of those where any purchase has one.
with first_item as (
    select f.customer_id, first_value(i.item_id order by i.amount desc, i.item_id) as item_id
    from _item i
    join (select customer_id, channel, purchase from purchase where number = 1) f
        on f.customer_id = i.customer_id and f.channel = i.channel and f.purchase = i.purchase
    group by f.customer_id
),
buyer as (
    select
        customer_id,
        count(*) as purchases,
        sum(amount) as amount,
        min(occurred_at) as first_purchase_at,
        max(occurred_at) as last_purchase_at,
        max(case when number = 1 then channel end) as first_channel,
        max(case when number = 1 then medium end) as first_medium,
        sum(case when t.told is not null then 1 else 0 end) as told_purchases,
        sum(case when t.told is not null then amount end) as told_amount,
        sum(case when t.told is not null then discount end) as told_discount,
        sum(case when coupon then 1 else 0 end) as discounted_purchases,
        sum(case when amount > 0 then amount else 0 end) as positive_amount,
        sum(net - cost - coalesce(shipping_cost, 0)) as profit,
        sum(case when cost is not null then net end) as profit_net,
        sum(case when cost is not null and net is not null and amount > 0 then amount end) as profit_amount
    from purchase
    left join (select channel as told from purchase where coupon group by channel) t on t.told = purchase.channel
    group by customer_id
)
select b.*, f.item_id as first_item_id
from buyer b
left join first_item f on f.customer_id = b.customer_id
