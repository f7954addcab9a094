-- ja: 広告媒体の顧客マッチ用ハッシュ（広告目的の同意がある宛先のみ）
-- en: hashed keys for matching at advertising platforms, of addresses with consent to advertising alone
-- key: platform, kind, hash, customer_id
-- column: platform | text | 広告媒体 (google, meta, yahoo) | platform: google, meta, yahoo | plain
-- column: kind | text | 種別 (email, phone) | email or phone | plain
-- column: hash | text | 正規化した値のSHA-256（16進小文字） | SHA-256 of the normalised value, lower hexadecimal | hidden
-- column: customer_id | text | 統合顧客ID | unified customer id | keyed
-- 定義: 行 = 広告媒体・種別・ハッシュ・顧客。目的 advertising の有効な同意（手段は email・phone・sms）を与えたレコードの宛先だけ。
-- 定義: 有効な同意は customer_profile の granted と同じで、同意後の配信停止・ブロック（その手段）と全会員番号の退会で終わる。
-- 定義: 本人か別の顧客の、どれかの手段で同意が有効でない（拒否・不明・終了）宛先は、ハッシュが同じものも除く。拒否の後で同じ宛先に同意したなら除かない。
-- 定義: google: 空白を除き小文字。gmail.com と googlemail.com は@の前の点と+以降を除く。電話は+の付いたE.164。
-- 定義: meta: 空白を除き小文字。電話は国番号からの数字だけ（+と先頭の0はない）。yahoo: メールだけで、空白を除き小文字。ハッシュも個人情報。
-- Who is in it: customers with a consent in force to the purpose `advertising` by the contact `email`, `phone` or `sms`, as `customer_profile.granted`
-- has it, and of them the addresses of the records that gave it. It ends as a consent to mail does (`_consent`): who unsubscribes from a way, or
-- blocks it, is no key of that way either, nor is who withdrew all memberships. An address to which somebody said no by one of these ways, or for
-- which a grant ended, the customer's or another one's, is left out: a platform cannot tell them apart, nor two spellings of one hash. Who said no
-- and granted it for that address later did not. Hashes are still personal data.
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
        is_in_force,
        case when contact = 'email' then 'email' else 'phone' end as kind,
        unnest(contact_points) as value
    from _consent
    where purpose = 'advertising' and contact in ('email', 'phone', 'sms')
),
said as (
    select customer_id, contact, kind, lower(replace(value, ' ', '')) as value, bool_or(is_in_force) as is_granted
    from stated
    group by customer_id, contact, kind, lower(replace(value, ' ', ''))
),
normal as (
    select
        *,
        split_part(value, '@', 2) in ('gmail.com', 'googlemail.com') as is_gmail,
        replace(split_part(split_part(value, '@', 1), '+', 1), '.', '') || '@' || split_part(value, '@', 2) as gmail
    from said
),
form as (
    select 'google' as platform, kind, customer_id, contact, is_granted, case when kind = 'email' and is_gmail then gmail else value end as value from normal
    union all
    select 'meta', kind, customer_id, contact, is_granted,
        case when kind = 'email' then value else ltrim(regexp_replace(value, '[^0-9]', '', 'g'), '0') end as value
    from normal
    union all
    select 'yahoo', kind, customer_id, contact, is_granted, value from normal where kind = 'email'
),
word as (
    select platform, kind, value, customer_id, contact, bool_or(is_granted) as is_granted
    from form
    where value <> ''
    group by platform, kind, value, customer_id, contact
),
key as (
    select platform, kind, value, customer_id, bool_and(is_granted) over (partition by platform, kind, value) as granted from word
)
select platform, kind, encode(sha256(value), 'hex') as hash, customer_id
from key
where granted
group by platform, kind, value, customer_id
