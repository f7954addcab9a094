-- A golden customer has as many records as it says.
select g.customer_id, g.records, count(m.record_id) as found
from golden_customer g left join id_map m on m.customer_id = g.customer_id and m.valid_to is null
group by g.customer_id, g.records having g.records <> count(m.record_id)
