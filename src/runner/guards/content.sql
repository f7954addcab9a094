-- What the rows that are asked for say, as a hash.
select source, file, record_id as id, key_hash(coalesce(record_id, ''), concat_ws('|', cast(observed_at as varchar),
    cast(registered_at as varchar), name, kana, family_name, given_name, family_kana, given_kana, birth_date, sex,
    array_to_string(phone, ','), array_to_string(email, ','), postal_code, address)) as hash
from asked_record
union all
select source, file, event_id, key_hash(coalesce(event_id, ''), concat_ws('|', event_type, record_id, cast(occurred_at as varchar),
    transaction_id, store_id, item_id, cast(quantity as varchar), cast(amount as varchar), category, detail,
    status, cast(discount as varchar), coupon_id, cast(points_used as varchar), cast(shipping_charged as varchar),
    cast(shipping_cost as varchar), cast(tax as varchar), receipt_id, medium, campaign, arm, visitor_id, account_id,
    corporate_number, cast(valid_until as varchar), cast(bought_on as varchar), serial_number, staff, cast(score as varchar),
    reason, recipient))
from asked_event
