-- Items bought together: support, confidence and lift of A → B, for pairs from $minimum_support up.
with total as (
    select cast(count(*) as double) as n from (select distinct channel, purchase from _purchased_line)
),
single as (
    select item_id, max(item_name) as item_name, count(*) as n from _purchased_line group by item_id
),
pair as (
    select a.item_id as item_a, b.item_id as item_b, count(*) as transactions
    from _purchased_line a join _purchased_line b on a.channel = b.channel and a.purchase = b.purchase
    where a.item_id <> b.item_id
    group by a.item_id, b.item_id
)
select
    p.item_a,
    p.item_b,
    a.item_name as item_name_a,
    b.item_name as item_name_b,
    p.transactions,
    p.transactions / t.n as support,
    p.transactions / cast(a.n as double) as confidence,
    (p.transactions / cast(a.n as double)) / (b.n / t.n) as lift
from pair p
cross join total t
join single a on a.item_id = p.item_a
join single b on b.item_id = p.item_b
where p.transactions / t.n >= $minimum_support
