-- ja: 同意のある宛先（同意は、それを与えたレコードの宛先にだけ及ぶ）
-- en: addresses with consent: a grant holds for the addresses of the record that gave it, and for no others
-- key: customer_id, purpose, contact, address
-- column: customer_id | text | 統合顧客ID | unified customer id | keyed
-- column: purpose | text | 目的 | purpose | plain
-- column: contact | text | 連絡手段 (email, phone, sms) | way of contact: email, phone, sms | plain
-- column: device | text | 端末 (mobile 携帯, pc PC等, fixed 固定電話) | device: mobile, pc; fixed: a landline | plain
-- column: address | text | 宛先 | mail address or phone | hidden
-- column: position | integer | 新しい順の番号（1が最新の同意の最新の宛先） | 1 is the newest address of the newest grant | plain
-- column: channel | text | 同意したレコードのチャネル | channel of the record that gave the grant | plain
-- column: record_id | text | 同意したレコード | record that gave the grant | hidden
-- column: granted_at | timestamp? | 同意日時 | when it was given | plain
-- column: denied_by_other | boolean | 同じ宛先を別の顧客が拒否したか、その同意が終わったか | whether another customer said no to the same address and purpose, or ended a grant for it | plain
-- 定義: 行 = 有効な同意を与えたレコードの宛先（顧客・目的・連絡手段ごと）。同意はそのレコードの宛先にだけ及ぶ。宛先の要らないプッシュは mail_list にある。
-- 定義: 有効な同意 = 顧客のどのレコードの拒否よりも新しい同意。同時刻の場合、時刻のない拒否の当日、日時の分からない場合は拒否とする。
-- 定義: 同意と同時かその後に、その手段（手段不明を含む）の配信停止・ブロック、または全会員番号の退会があれば、同意は終わる。
-- 定義: 0時ちょうどの配信停止・ブロック・退会は、その日の同意をすべて終わらせる。日時の分からない同意は、これらが一度でもあれば終わる。
-- 定義: position は同意の新しい順（日時不明は最後）で、同じ宛先は最新の同意の一行だけ。denied_by_other の宛先には送らない。
-- 定義: 携帯は070・080・090の電話番号と、携帯電話会社のメールアドレス。
-- The golden record's newest address is often that of another record, for which nobody agreed. Write to position 1, and to none that another
-- customer denied, or agreed to and ended: who unsubscribes means the mailbox. A push needs no address: `mail_list` has the record that agreed
-- to it. Mobile are the phones 070, 080 and 090, and the mail addresses of mobile carriers: what can be read from an address.
-- Of several records of a customer the newest statement decides: a grant is here where it is newer than all that the customer's records denied. An
-- older grant of another record stays, for its own addresses. At one moment, on the day of a refusal that has no time of day, and where a time is not
-- known, the refusal decides (`consent`).
-- Left out is what ended since the grant, or at its moment: the customer unsubscribed from a message of this way (medium = contact, or no medium
-- said) or blocked it, or all memberships of the customer are withdrawn, the last of them since. What ended at a midnight ends the grants of
-- all that day. A grant without a time is ended by any of these (`_consent`).
with stated as (
    select
        customer_id,
        purpose,
        contact,
        is_in_force,
        channel,
        record_id,
        stated_at,
        contact_points,
        unnest(contact_points) as address
    from _consent
    where contact_points is not null
),
refused as (
    select purpose, contact, address
    from (
        select customer_id, purpose, contact, address
        from stated
        where address is not null
        group by customer_id, purpose, contact, address
        having not bool_or(is_in_force)
    ) s
    group by purpose, contact, address
),
agreed as (
    select
        *,
        row_number() over (partition by customer_id, purpose, contact, address order by stated_at desc nulls last, channel, record_id) as place
    from stated
    where is_in_force and address is not null
)
select
    s.customer_id,
    s.purpose,
    s.contact,
    case
        when s.contact = 'email' and regexp_like(lower(s.address), '@([a-z0-9-]+[.])*(docomo[.]ne|ezweb[.]ne|softbank[.]ne|i[.]softbank|vodafone[.]ne'
            || '|disney[.]ne|wcm[.]ne|pdx[.]ne|ymobile[.]ne|ymobile1[.]ne|emnet[.]ne|emobile[.]ne|uqmobile|rakuten)[.]jp$') then 'mobile'
        when s.contact = 'email' and regexp_like(lower(s.address), '@([a-z0-9-]+[.])*(au|willcom)[.]com$') then 'mobile'
        when s.contact = 'email' then 'pc'
        when regexp_like(s.address, '^([+]81|0)[789]0') then 'mobile'
        else 'fixed'
    end as device,
    s.address,
    row_number() over (
        partition by s.customer_id, s.purpose, s.contact
        order by s.stated_at desc nulls last, s.channel, s.record_id, array_position(s.contact_points, s.address)
    ) as position,
    s.channel,
    s.record_id,
    s.stated_at as granted_at,
    r.address is not null as denied_by_other
from agreed s
left join refused r on r.purpose = s.purpose and r.contact = s.contact and r.address = s.address
where s.place = 1
