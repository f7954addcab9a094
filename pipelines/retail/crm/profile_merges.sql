-- ja: 統合されたID（旧ID→現在のID、いつ、なぜ）
-- en: merged ids: old id → id, when and why
-- key: previous_id, merged_at, merged_into
-- column: previous_id | text | 旧ID | id that became an alias | keyed
-- column: merged_into | text | 統合先のID（当時） | id that it was merged into then | keyed
-- column: customer_id | text? | 現在のID（レコードがなければNULL） | id of today; null where none of its records is left | keyed
-- column: merged_at | timestamp | 統合日時（データの日時） | when, in data time | plain
-- column: reason | text | 原因 | why | plain
-- column: is_alias | boolean | 現在も別名か（分割で元のIDに戻っていないか） | whether it is an alias today; false where a split gave it back | plain
-- 定義: 行 = IDが統合された一回ごと。merged_into は当時の統合先。
-- 定義: 現在のID = 旧IDがこれまでに持ったレコードを今最も多く持つ顧客（同数ならIDの小さい方）。統合の連鎖をたどり、レコードを共有しない人にはつながらない。
-- 定義: is_alias は、現在のIDが旧IDと異なる場合と、現在のIDがない場合に真。
-- One row each time that an id was merged. The id of today is that of the customer who has most of the records that the old id ever had (of
-- two with as many the smaller id): it follows chains of merges, and leads to nobody who shares no record with the old id.
with merged as (
    select customer_id as previous_id, counterpart as merged_into, valid_from as merged_at, min(reason) as reason
    from id_event
    where event = 'merged' and counterpart is not null
    group by customer_id, counterpart, valid_from
),
today as (
    select previous_id, customer_id
    from (
        select
            f.previous_id,
            n.customer_id,
            row_number() over (partition by f.previous_id order by count(*) desc, n.customer_id) as place
        from (
            select distinct i.customer_id as previous_id, i.channel, i.record_id
            from id_map i
            join (select distinct previous_id from merged) m on m.previous_id = i.customer_id
        ) f
        join id_map n on n.channel = f.channel and n.record_id = f.record_id
        where n.valid_to is null
        group by f.previous_id, n.customer_id
    ) t
    where place = 1
)
select
    m.previous_id,
    m.merged_into,
    t.customer_id,
    m.merged_at,
    m.reason,
    coalesce(t.customer_id <> m.previous_id, true) as is_alias
from merged m
left join today t on t.previous_id = m.previous_id
