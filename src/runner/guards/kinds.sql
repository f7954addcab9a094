-- The rows that are looked at are found once for all attributes, and once more for those that the pipeline file declares.
select source, file, attribute, value_kind(attribute, value) as kind, count(*) as values
from (
    select source, file, v['attribute'] as attribute, v['value'] as value
    from (
        select source, file, unnest(make_array(
            named_struct('attribute', 'record_id', 'value', record_id),
            named_struct('attribute', 'name', 'value', name),
            named_struct('attribute', 'kana', 'value', kana),
            named_struct('attribute', 'family_name', 'value', family_name),
            named_struct('attribute', 'given_name', 'value', given_name),
            named_struct('attribute', 'family_kana', 'value', family_kana),
            named_struct('attribute', 'given_kana', 'value', given_kana),
            named_struct('attribute', 'birth_date', 'value', birth_date),
            named_struct('attribute', 'sex', 'value', sex),
            named_struct('attribute', 'phone', 'value', phone[1]),
            named_struct('attribute', 'email', 'value', email[1]),
            named_struct('attribute', 'postal_code', 'value', postal_code),
            named_struct('attribute', 'address', 'value', address))) as v
        from looked_at
    )
    union all
    select source, file, item['name'], item['value'] from (select source, file, unnest(extra) as item from looked_at)
    union all
    select source, file, concat('consent to ', item['purpose'], ' by ', item['contact']) as attribute, item['status'] as value
    from (select source, file, unnest(consent) as item from looked_at)
)
where trim(value) <> ''
group by source, file, attribute, kind
