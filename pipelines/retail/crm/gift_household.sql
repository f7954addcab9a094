-- ja: ギフト（世帯ごと）: 他の世帯に贈ったもの、他の世帯から受け取ったもの
-- en: gifts by household: what it gave to others, and what it received from others
-- key: household_id
-- needs: interaction.recipient
-- column: household_id | text | 世帯ID | household | keyed
-- column: givers | long | 世帯の外に贈った顧客数 | customers of the household who gave out of it | plain
-- column: gifts_given | long | 世帯の外に贈ったギフト数 | gifts given out of the household | plain
-- column: recipients | long | 世帯の外の相手の数 | recipients of them | plain
-- column: gift_sales | amount | その売上（円） | sales of these gifts in yen | plain
-- column: gifts_received | long | 他の世帯から受け取ったギフト数 | gifts received from other households | plain
-- column: giving_households | long | 贈ってくれた世帯数 | households that gave them | plain
-- column: gifts_within | long | 世帯の中で贈ったギフト数 | gifts from one member to another | plain
-- 定義: ギフトは gift と同じ。世帯は golden_customer の household_id。届け先が顧客として分からないギフトは、世帯の外に贈ったものとみなす。
-- Gifts are those of gift. A recipient who is no known customer is outside of the household. All time up to $as_of.
with given as (
    select
        household_id,
        sum(gifts_given) as gifts_given,
        count(case when gifts_given > 0 then 1 end) as recipients,
        sum(gift_sales) as gift_sales,
        sum(gifts_within) as gifts_within
    from (
        select
            household_id,
            recipient,
            sum(case when is_within then 0 else 1 end) as gifts_given,
            sum(case when is_within then 0 else amount end) as gift_sales,
            sum(case when is_within then 1 else 0 end) as gifts_within
        from _gift
        group by household_id, recipient
    )
    group by household_id
),
giver as (
    select household_id, count(*) as givers
    from (select household_id, customer_id from _gift where not is_within group by household_id, customer_id)
    group by household_id
),
received as (
    select household_id, sum(gifts) as gifts_received, count(*) as giving_households
    from (
        select recipient_household_id as household_id, household_id as giving_household_id, count(*) as gifts
        from _gift
        where recipient_household_id is not null and not is_within
        group by recipient_household_id, household_id
    )
    group by household_id
)
select
    coalesce(g.household_id, r.household_id) as household_id,
    coalesce(w.givers, 0) as givers,
    coalesce(g.gifts_given, 0) as gifts_given,
    coalesce(g.recipients, 0) as recipients,
    coalesce(g.gift_sales, 0) as gift_sales,
    coalesce(r.gifts_received, 0) as gifts_received,
    coalesce(r.giving_households, 0) as giving_households,
    coalesce(g.gifts_within, 0) as gifts_within
from given g
left join giver w on w.household_id = g.household_id
full join received r on r.household_id = g.household_id
