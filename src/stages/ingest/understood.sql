select source, attribute, unusable(attribute, value) as shape, count(*) as values
from (
    select source, 'name' as attribute, name as value from sampled
    union all select source, 'kana', kana from sampled
    union all select source, 'family_name', family_name from sampled
    union all select source, 'given_name', given_name from sampled
    union all select source, 'family_kana', family_kana from sampled
    union all select source, 'given_kana', given_kana from sampled
    union all select source, 'birth_date', birth_date from sampled
    union all select source, 'sex', sex from sampled
    union all select source, 'phone', unnest(phone) from sampled
    union all select source, 'email', unnest(email) from sampled
    union all select source, 'postal_code', postal_code from sampled
    union all select source, 'address', address from sampled
    union all select source, item['name'], item['value'] from (select source, unnest(extra) as item from sampled)
)
where trim(value) <> ''
group by source, attribute, shape
