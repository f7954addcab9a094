-- A record is one customer at a time.
select channel, record_id, count(*) as customers from id_map where valid_to is null group by channel, record_id having count(*) > 1
