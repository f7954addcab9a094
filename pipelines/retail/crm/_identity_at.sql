-- Records that belong to somebody else at another threshold: their customer, and the person of that threshold. All records of such a customer are
-- here. first_person: the person of the customer's first record (by channel and number), to whom goes what the customer has under a number
-- that is not one of its records any more.
select
    a.threshold,
    m.customer_id,
    a.channel,
    a.record_id,
    a.person,
    first_value(a.person) over (partition by a.threshold, m.customer_id order by a.channel, a.record_id) as first_person
from identity_at_threshold a
join id_map m on m.channel = a.channel and m.record_id = a.record_id
where m.valid_to is null
