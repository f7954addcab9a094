-- Customers by the set of channels that they use.
select
    array_to_string(g.channels, '+') as channels,
    count(*) as customers,
    count(*) / cast(sum(count(*)) over () as double) as share,
    count(b.customer_id) as buyers,
    coalesce(sum(b.amount), 0) as amount
from golden_customer g
left join _purchaser b on b.customer_id = g.customer_id
group by array_to_string(g.channels, '+')
