-- ja: 会員ランクの移動（$move_days日前から現在）
-- en: moves between member ranks, from $move_days days ago until now
-- key: state_before, state
-- needs: event.membership
-- column: state_before | text | 前の状態（noneは入会前） | rank, member or withdrawn then; none before the first event | plain
-- column: state | text | 現在の状態 | rank, member or withdrawn now | plain
-- column: members | long | 会員番号の数 | memberships | plain
-- column: customers | long | 顧客数 | known customers with such a membership | plain
-- column: share | double | 前の状態のうちの割合 0–1 | share of the memberships that were in the state before | plain
-- 定義: 分子: その行の会員番号。分母: 前の状態が同じ会員番号。どの会員番号も一つの行だけに数える。
-- 定義: 状態は member_rank と同じで、前の状態は $as_of の $move_days × 24時間前のもの。none はその時点までに何の記録もない会員番号。
-- Every membership counts in one row. Numerator: memberships of the row; denominator: those with its state before.
select
    state_before,
    state,
    count(*) as members,
    count(distinct customer_id) as customers,
    count(*) / cast(sum(count(*)) over (partition by state_before) as double) as share
from _member
group by state_before, state
