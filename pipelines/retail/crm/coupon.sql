-- ja: クーポン（施策または番号、月ごと）: 発行、利用、利用率、クーポンを使った売上
-- en: coupons by campaign, or else number, and month: issued, used, redeemed, and the sales with them
-- key: coupon, month
-- needs: interaction.coupon_id
-- column: coupon | text | 施策名。なければ二人以上が持つクーポン番号、一人だけの番号はsingle。allは全クーポン | campaign; else the number that two or more have, or single; all = every coupon | plain
-- column: month | date | 月（1日の日付） | month, as its first day | plain
-- column: issued | long? | その月の発行数（人とクーポン番号の組） | coupons issued in the month: a number to a person | plain
-- column: persons | long? | 発行された人数 | persons to whom they were issued | plain
-- column: redeemed | long? | そのうち、その人が使った数 | of them, those that the person used, whenever | plain
-- column: redemption_rate | double? | 利用率 0–1 | redeemed by issued | plain
-- column: used | long | その月の利用数（発行の記録のないものを含む） | uses in the month, also of coupons of whose issue nobody tells | plain
-- column: users | long | その月に使った人数 | persons who used one in the month | plain
-- column: purchases | long | クーポンを使った購買回数 | purchases with one | plain
-- column: sales | amount | クーポンを使った購入の売上（円、値引前） | sales of these purchases in yen, before discounts | plain
-- column: discount | amount? | その購入の値引額（円） | yen taken off these purchases | plain
-- 定義: 利用率 = その月に発行したクーポンのうち発行された人が使った数 ÷ 発行数。有効なクーポンが残る間はNULL。期限のないものは月の最終日から90日たつまでNULL。
-- 定義: 人は統合顧客。ある番号で発行され別の番号で使われても、同じ人なら利用とみなす。顧客の分からないものはレコード。
-- 定義: 利用は、利用の記録、またはクーポン番号のある購入。一つの会計で同じクーポンは一回。売上は purchase の購入。
-- Numerator and denominator of redemption_rate are those of the month of issue, whenever they were used. It is null while one of them is valid; of
-- coupons without an end until the month's last day is 90 days old. issued, persons and redeemed are null where no issue is mapped.
-- A person is a customer: issued to one number and used with another one counts. A use is an event `used`, or a purchase a line of which names the
-- coupon; one number in one checkout is one use. An event `used` that names no transaction is a use of its own. A purchase with two coupons is in
-- the rows of both, and once in that of all.
with issue as (
    select
        coupon_id,
        coalesce(customer_id, channel || '/' || record_id, '') as person,
        cast(date_trunc('month', min(to_local_time(occurred_at))) as date) as month,
        max(valid_until) as valid_until
    from _event
    where event_type = 'coupon' and category = 'issued' and coupon_id is not null
    group by coupon_id, coalesce(customer_id, channel || '/' || record_id, '')
),
name as (
    select coupon_id, coalesce(min(campaign), case when count(distinct person) >= 2 then coupon_id else 'single' end) as coupon
    from (
        select coupon_id, campaign, coalesce(customer_id, channel || '/' || record_id, '') as person
        from _event
        where event_type = 'coupon' and coupon_id is not null
        union all
        select coupon_id, cast(null as varchar), person from _coupon_use
    )
    group by coupon_id
),
redeemed as (
    select
        unnest(make_array(n.coupon, 'all')) as coupon,
        i.month,
        i.person,
        case when u.person is not null then 1 else 0 end as redeemed,
        case
            when i.valid_until is null then cast(to_local_time($as_of) as date) < cast(i.month + interval '1 month' as date) + 89
            else i.valid_until > $as_of
        end as is_open
    from issue i
    join name n on n.coupon_id = i.coupon_id
    left join (select distinct coupon_id, person from _coupon_use) u on u.coupon_id = i.coupon_id and u.person = i.person
),
issued as (
    select coupon, month, count(*) as issued, count(distinct person) as persons, sum(redeemed) as redeemed, bool_or(is_open) as is_open
    from redeemed
    group by coupon, month
),
checkout as (
    select coupon, month, person, channel, purchase, count(*) as uses, bool_or(is_purchase) as is_purchase, max(amount) as amount, max(discount) as discount
    from (
        select unnest(make_array(n.coupon, 'all')) as coupon, u.month, u.person, u.channel, u.purchase, u.is_purchase, u.amount, u.discount
        from _coupon_use u
        join name n on n.coupon_id = u.coupon_id
    )
    group by coupon, month, person, channel, purchase
),
used as (
    select
        c.coupon,
        c.month,
        sum(c.uses) as used,
        count(distinct c.person) as users,
        sum(case when c.is_purchase then 1 else 0 end) as purchases,
        sum(c.amount) as sales,
        sum(c.discount) as discount
    from checkout c
    group by c.coupon, c.month
)
select
    coalesce(i.coupon, u.coupon) as coupon,
    coalesce(i.month, u.month) as month,
    case when k.any_issue then coalesce(i.issued, 0) end as issued,
    case when k.any_issue then coalesce(i.persons, 0) end as persons,
    case when k.any_issue then coalesce(i.redeemed, 0) end as redeemed,
    case when not i.is_open then cast(i.redeemed as double) / i.issued end as redemption_rate,
    coalesce(u.used, 0) as used,
    coalesce(u.users, 0) as users,
    coalesce(u.purchases, 0) as purchases,
    coalesce(u.sales, 0) as sales,
    u.discount
from issued i
full join used u on u.coupon = i.coupon and u.month = i.month
cross join (select count(*) > 0 as any_issue from issue) k
