-- ja: 購入（一会計につき一行）
-- en: a purchase of a customer: one checkout
-- key: customer_id, channel, purchase
-- column: customer_id | text | 統合顧客ID | unified customer id | keyed
-- column: channel | text | チャネル | channel | plain
-- column: purchase | text | 取引番号 | transaction, or the event where it has none | keyed
-- column: record_id | text? | 購入したレコード | record that bought | hidden
-- column: occurred_at | timestamp | 購買日時 | when it happened | plain
-- column: store_id | text? | 店舗 | store | plain
-- column: medium | text? | 媒体 | sales medium | plain
-- column: amount | amount | 金額（円、値引前、返品を差し引いた額） | amount in yen before discounts, less what came back | plain
-- column: discount | amount? | 値引額（円） | yen taken off | plain
-- column: points_used | amount? | 利用ポイント（円） | points used as money in yen | plain
-- column: tax | amount? | 消費税（円） | consumption tax in yen | plain
-- column: shipping_charged | amount? | 顧客が払った送料（円） | shipping that the customer paid in yen | plain
-- column: shipping_cost | amount? | 店舗が負担した送料（円） | shipping that the shop bore in yen | plain
-- column: cost | amount? | 原価（円） | cost of the items in yen | plain
-- column: net | amount? | 値引・ポイント・消費税を除いた売上（円） | amount less discounts, points and tax in yen | plain
-- column: coupon | boolean | 割引購入か | whether a coupon was used or something taken off | plain
-- column: number | long | 顧客の何回目の購入か（1から） | n-th purchase of the customer, from 1 | plain
-- column: days_since_previous | long? | 前回購入からの日数 | days since the purchase before | plain
-- column: next_occurred_at | timestamp? | 次回の購買日時 | when the customer bought again | plain
-- 定義: 購入 = 顧客の分かる一会計（注文、カードの売上、アプリの購入）。取消・仮注文とポイントの利用は含まない。同じレシートの会計は一つの購入とする。
-- 定義: 返品された明細は0円とし、負の明細は減額する。これらだけの会計とカードの返品は購入ではない。
-- 定義: その返品は、同じレシートの購入、なければ顧客の直前の購入から差し引き、どちらもなければ差し引かない。
-- 定義: そのレシートの売上が取消・仮注文・返品済みの場合、または売上のチャネル自身に返品の記録があり、これが別のチャネルの返品である場合は差し引かない。
-- 定義: net = 金額 − 値引 − 利用ポイント − 消費税。消費税の分かる明細がなければNULL（金額が0なら計算する。返品された明細の税は0とみなす）。
-- 定義: 原価 = 商品の原価 × 数量の合計。原価の分からない明細があればNULL。原価の分からない返品は原価を戻さない。
-- 定義: 割引購入 = 返品でない明細に、クーポンか値引のある購入。number は日時の順で、同時ならチャネル・取引番号の順。期間は $as_of まで。
-- 定義: days_since_previous はパイプラインのタイムゾーンの日付の差。next_occurred_at は次の購入がなければNULL。
-- A purchase of a customer: one checkout, that is an order, a sale on a card, or a purchase in the app. One row each.
-- Cancelled and provisional orders are none, nor are redeemed points. One receipt is one purchase (_receipt).
-- A returned line is worth nothing, a negative line lowers. A checkout of nothing but these, or a return on a card, is no purchase: it lowers
-- the purchase of its receipt, else the customer's purchase before it, and nothing where there is none (_return). Where the sale of its receipt is
-- cancelled, provisional or returned, or its own channel tells what came back of it and this is another one, it lowers nothing: that was told.
-- amount: as recorded, before what was taken off. net: what is left of it after discounts, points and tax; null where no line says the tax.
-- cost: item cost × quantity, null where that of a line is not known; what came back without an item gives no cost back.
-- coupon: whether a coupon was used or something taken off.
-- number: 1 is the customer's first; at one time by channel and purchase. days_since_previous: from day to day in the pipeline's zone.
-- next_occurred_at: when the customer bought again, null where that has not happened.
with fact as (
    select
        *,
        status is not null and status = 'returned' and (amount is null or amount >= 0) as void,
        amount < 0 or is_return as back
    from _sale
    where customer_id is not null and (status is null or status not in ('cancelled', 'provisional'))
),
line as (
    select
        f.customer_id,
        coalesce(t.of_channel, f.channel) as channel,
        coalesce(t.of_purchase, f.purchase) as purchase,
        case when t.of_channel is null then f.record_id end as record_id,
        case when not f.void and f.back is not true then f.occurred_at end as occurred_at,
        case when t.of_channel is null then f.store_id end as store_id,
        case when t.of_channel is null then f.medium end as medium,
        case when f.void then 0 when f.back then -abs(f.amount) else f.amount end as amount,
        case when f.void then 0 when f.back then -abs(f.tax) else f.tax end as tax,
        case when f.void then 0 when f.back then -abs(f.discount) else f.discount end as discount,
        case when f.void then 0 when f.back then -abs(f.points_used) else f.points_used end as points_used,
        f.shipping_charged,
        f.shipping_cost,
        case when f.void then 0
            when f.back then -coalesce(p.cost * cast(abs(coalesce(f.quantity, 1)) as decimal(12, 3)), 0)
            else p.cost * cast(coalesce(f.quantity, 1) as decimal(12, 3)) end as cost,
        not f.void and f.back is not true and (f.coupon_id is not null or f.discount > 0) as coupon
    from fact f
    left join product p on p.item_id = f.item_id
    left join _receipt r on r.receipt_id = f.receipt_id
    left join _return t on t.customer_id = f.customer_id and t.channel = f.channel and t.purchase = f.purchase
    where r.stays is null or f.back or substr(r.stays, 2) = f.channel || ' ' || f.purchase
),
checkout as (
    select
        customer_id,
        channel,
        purchase,
        min(record_id) as record_id,
        max(occurred_at) as occurred_at,
        min(store_id) as store_id,
        min(medium) as medium,
        cast(coalesce(sum(amount), 0) as decimal(20, 4)) as amount,
        cast(sum(discount) as decimal(20, 4)) as discount,
        cast(sum(points_used) as decimal(20, 4)) as points_used,
        cast(sum(tax) as decimal(20, 4)) as tax,
        cast(sum(shipping_charged) as decimal(20, 4)) as shipping_charged,
        cast(sum(shipping_cost) as decimal(20, 4)) as shipping_cost,
        cast(case when count(cost) = count(*) then sum(cost) end as decimal(20, 4)) as cost,
        coalesce(bool_or(coupon), false) as coupon
    from line
    group by customer_id, channel, purchase
    having max(occurred_at) is not null
)
select
    customer_id,
    channel,
    purchase,
    record_id,
    occurred_at,
    store_id,
    medium,
    amount,
    discount,
    points_used,
    tax,
    shipping_charged,
    shipping_cost,
    cost,
    cast(
        case when tax is not null or amount = 0 then amount - coalesce(discount, 0) - coalesce(points_used, 0) - coalesce(tax, 0) end as decimal(20, 4)
    ) as net,
    coupon,
    cast(row_number() over moment as bigint) as number,
    cast(to_local_time(occurred_at) as date) - cast(to_local_time(lag(occurred_at) over moment) as date) as days_since_previous,
    lead(occurred_at) over moment as next_occurred_at
from checkout
window moment as (partition by customer_id order by occurred_at, channel, purchase)
