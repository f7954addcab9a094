select source, file, attribute, value_kind(attribute, value) as kind, count(*) as values
from (
    select source, file, 'record_id' as attribute, record_id as value from looked_at
    union all select source, file, 'name', name from looked_at
    union all select source, file, 'kana', kana from looked_at
    union all select source, file, 'family_name', family_name from looked_at
    union all select source, file, 'given_name', given_name from looked_at
    union all select source, file, 'family_kana', family_kana from looked_at
    union all select source, file, 'given_kana', given_kana from looked_at
    union all select source, file, 'birth_date', birth_date from looked_at
    union all select source, file, 'sex', sex from looked_at
    union all select source, file, 'phone', phone[1] from looked_at
    union all select source, file, 'email', email[1] from looked_at
    union all select source, file, 'postal_code', postal_code from looked_at
    union all select source, file, 'address', address from looked_at
    union all select source, file, item['name'], item['value'] from (select source, file, unnest(extra) as item from looked_at)
)
where trim(value) <> ''
group by source, file, attribute, kind
