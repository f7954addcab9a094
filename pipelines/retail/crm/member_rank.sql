-- ja: 会員ランク（会員番号と統合顧客IDの対応つき）
-- en: rank of each membership, with the customer that its member number is today
-- key: channel, record_id
-- needs: event.membership
-- column: channel | text | チャネル | channel | plain
-- column: record_id | text | 会員番号（チャネル内の顧客番号） | member: record within the channel | hidden
-- column: customer_id | text? | 統合顧客ID | unified customer id; null where the record is unknown | keyed
-- column: state | text | 状態（ランク、ランクがなければmember、退会はwithdrawn） | rank; member where none was said; withdrawn | plain
-- column: rank | text? | 最後の会員ランク | rank that was said last, also of who withdrew | plain
-- column: rank_at | timestamp? | ランクの日時 | when it was said last | plain
-- column: joined_at | timestamp? | 入会日時（最新） | newest joining | plain
-- column: withdrawn_at | timestamp? | 退会日時（最新。再入会していても残る） | newest withdrawal, also of who joined again | plain
-- column: reason | text? | 退会理由（最新） | reason of the newest withdrawal | plain
-- column: memberships | long? | 同じ顧客の会員番号の数 | memberships of the customer | plain
-- column: speaks | boolean | 顧客を代表するランクか | whether the customer profile shows this rank: of those of a customer who did not withdraw the newest said | plain
-- 定義: 行 = 会員番号（チャネルのレコード）。一人の二つの会員番号は二行のままで、統合顧客IDだけが同じになる。
-- 定義: 状態は $as_of までの最後の出来事による。退会なら withdrawn、ほかは最後のランク、ランクがなければ member。同時刻なら退会、次に番号の後のものを採る。
-- 定義: speaks は顧客ごとに一つ。退会していない会員番号を先に、ランクの日時（なければ入会日時）の新しいものを選ぶ。同じならチャネル・会員番号の順。
-- Two member numbers of one person stay two memberships: nothing is merged but the id.
select
    channel,
    record_id,
    customer_id,
    state,
    rank,
    rank_at,
    joined_at,
    withdrawn_at,
    reason,
    case when customer_id is not null then count(*) over (partition by customer_id) end as memberships,
    customer_id is not null and row_number() over (
        partition by customer_id order by case when state = 'withdrawn' then 1 else 0 end, coalesce(rank_at, joined_at) desc nulls last, channel, record_id
    ) = 1 as speaks
from _member
