-- Records that belong to somebody else at another threshold, twice: sign -1 as those of their customer, who goes, sign 1 as those of the person of
-- that threshold, who comes. All records of such a customer are here.
select
    a.threshold,
    s.sign,
    case when s.sign < 0 then m.customer_id else cast(a.person as varchar) end as person,
    m.customer_id,
    a.channel,
    a.record_id
from identity_at_threshold a
join id_map m on m.channel = a.channel and m.record_id = a.record_id
cross join (values (1), (-1)) s(sign)
where m.valid_to is null
