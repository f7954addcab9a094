-- ja: 広告媒体の顧客マッチ用ハッシュ（広告目的の同意がある宛先のみ）
-- en: hashed keys for matching at advertising platforms, of addresses with consent to advertising alone
-- key: platform, kind, hash, customer_id
-- column: platform | text | 広告媒体 (google, meta, yahoo) | platform: google, meta, yahoo | plain
-- column: kind | text | 種別 (email, phone) | email or phone | plain
-- column: hash | text | 正規化した値のSHA-256（16進小文字） | SHA-256 of the normalised value, lower hexadecimal | hidden
-- column: customer_id | text | 統合顧客ID | unified customer id | keyed
-- Who is in it: customers with a grant of purpose `advertising` by the contact `email`, `phone` or `sms` that holds, as `consent` has it, and of them
-- the addresses of the records that gave it. An address to which somebody said no by one of these ways, the customer or another one, is left
-- out: a platform cannot tell them apart. Who said no and granted it for that address later did not. Hashes are still personal data.
-- How a value is normalised, as each platform documents it:
-- google: spaces out, lower case; of gmail.com and googlemail.com the dots before @ and all from + on out; phones in E.164 with the plus.
--   https://developers.google.com/data-manager/api/devguides/concepts/formatting
-- meta: spaces out, lower case; phones as digits with the country code, without plus and leading zeros.
--   https://developers.facebook.com/docs/marketing-api/conversions-api/parameters/customer-information-parameters
-- yahoo (LINEヤフー広告): mail addresses alone, lower case, SHA-256 without salt. Its pages want phones as digits without signs, and do not say
--   whether with the country code: there are none. https://ads-help.yahoo.co.jp/yahooads/display/articledetail?lan=ja&aid=69234
with stated as (
    select
        customer_id,
        contact,
        holds,
        case when contact = 'email' then 'email' else 'phone' end as kind,
        unnest(contact_points) as value
    from consent_by_record
    where purpose = 'advertising' and contact in ('email', 'phone', 'sms')
),
said as (
    select customer_id, contact, kind, lower(replace(value, ' ', '')) as value, bool_or(holds) as is_granted
    from stated
    group by customer_id, contact, kind, lower(replace(value, ' ', ''))
),
address as (
    select customer_id, kind, value, bool_and(is_granted) over (partition by kind, value) as granted from said
),
normal as (
    select
        customer_id,
        kind,
        value,
        split_part(value, '@', 2) in ('gmail.com', 'googlemail.com') as is_gmail,
        replace(split_part(split_part(value, '@', 1), '+', 1), '.', '') || '@' || split_part(value, '@', 2) as gmail
    from address
    where granted and value <> ''
    group by customer_id, kind, value
),
form as (
    select 'google' as platform, kind, customer_id, case when kind = 'email' and is_gmail then gmail else value end as value from normal
    union all
    select 'meta', kind, customer_id, case when kind = 'email' then value else ltrim(regexp_replace(value, '[^0-9]', '', 'g'), '0') end as value from normal
    union all
    select 'yahoo', kind, customer_id, value from normal where kind = 'email'
)
select platform, kind, encode(sha256(value), 'hex') as hash, customer_id
from form
where value <> ''
group by platform, kind, value, customer_id
