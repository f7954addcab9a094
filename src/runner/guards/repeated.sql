-- Rows of new files that stand, with the same id and the same values, in another file: of an earlier run, or of another source.
with fresh_id as (
    select distinct r.record_id as id from raw_record r join new_file n on n.source = r.source and n.file = r.file
    where r.reject_reason is null
    union
    select distinct e.event_id from raw_event e join new_file n on n.source = e.source and n.file = e.file
    where e.reject_reason is null
),
content as (
    select source, file, key_hash(coalesce(record_id, ''), concat_ws('|', cast(observed_at as varchar),
        cast(registered_at as varchar), name, kana, family_name, given_name, family_kana, given_kana, birth_date, sex,
        array_to_string(phone, ','), array_to_string(email, ','), postal_code, address)) as hash
    from raw_record
    where reject_reason is null and record_id in (select id from fresh_id)
    union all
    select source, file, key_hash(coalesce(event_id, ''), concat_ws('|', event_type, record_id, cast(occurred_at as varchar),
        transaction_id, store_id, item_id, cast(quantity as varchar), cast(amount as varchar), category, detail))
    from raw_event
    where reject_reason is null and event_id in (select id from fresh_id)
),
marked as (
    select c.source, c.file, c.hash, n.file is not null as is_new
    from content c left join new_file n on n.source = c.source and n.file = c.file
),
fresh as (select distinct source, file, hash from marked where is_new),
known as (
    select f.source, f.file, o.source as of_source, count(distinct f.hash) as rows
    from fresh f join marked o on o.hash = f.hash and o.file <> f.file
    where o.source <> f.source or not o.is_new
    group by f.source, f.file, o.source
)
select k.source, k.file, k.of_source, k.rows, a.rows as of_rows
from known k join (select source, file, count(*) as rows from fresh group by source, file) a
    on a.source = k.source and a.file = k.file
