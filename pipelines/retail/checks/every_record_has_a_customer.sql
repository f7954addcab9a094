-- A record of a channel is in id_map, and its customer is in golden_customer.
select s.channel, s.record_id
from source_record s
left join id_map m on m.channel = s.channel and m.record_id = s.record_id and m.valid_to is null
left join golden_customer g on g.customer_id = m.customer_id
where g.customer_id is null
