-- ja: 顧客の識別子（電話・メール・会員番号など、過去の値を含む）
-- en: every phone, mail address, number and channel id by which a customer is or was known
-- key: customer_id, type, value
-- column: customer_id | text | 統合顧客ID | unified customer id | keyed
-- column: type | text | 種類（phone, email, 属性名、またはrecord_id.チャネル） | kind: phone, email, the name of an attribute, or record_id.CHANNEL | plain
-- column: value | text | 値（正規化済み） | the value, in its canonical form | hidden
-- column: first_seen | timestamp? | 最初に見た日時 | when a record had it first | plain
-- column: last_seen | timestamp? | 最後に見た日時 | when a record had it last | plain
-- column: count | long | その値を持つレコード数 | records that have or had it | plain
-- 定義: 行 = 顧客のレコードが持つ、または持っていた値（電話、メール、属性、チャネルの番号）。氏名・住所・郵便番号・生年月日・性別は識別子とみなさない。
-- 定義: 顧客は今日の名寄せによる。期間の限定はなく全履歴。行に日時のないレコードだけの値は、日時がNULL。
-- Names, addresses, birth dates are none: they do not tell one person from all others. A record whose rows have no time has none here.
-- Who a record belongs to is what holds now (`valid_to` is null). No window: every value that a record ever had.
with record as (
    select m.customer_id, r.channel, r.record_id, r.first_seen, r.last_seen, r.history
    from id_map m
    join source_record r on r.channel = m.channel and r.record_id = m.record_id
    where m.valid_to is null
),
past as (
    select customer_id, unnest(history) as h from record
)
select customer_id, type, value, min(first_at) as first_seen, max(last_at) as last_seen, count(*) as count
from (
    select customer_id, h['attribute'] as type, h['value'] as value, h['first_at'] as first_at, h['last_at'] as last_at from past
    union all
    select customer_id, 'record_id.' || channel, record_id, first_seen, last_seen from record
)
where value is not null
    and type not in ('name', 'kana', 'family_name', 'given_name', 'family_kana', 'given_kana', 'birth_date', 'sex', 'postal_code', 'address')
group by customer_id, type, value
