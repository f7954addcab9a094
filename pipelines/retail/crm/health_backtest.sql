-- ja: ヘルススコアの検証（過去の時点のスコアと、その後の解約）
-- en: back-test of the health score: the score of some time ago against the cancellations since
-- key: fifth
-- needs: event.engagement, event.contract
-- column: fifth | integer | スコアの五分位（1が最低、0は全体） | fifth of the score, 1 = lowest; 0 = all contracts | plain
-- column: contracts | long | 当時の契約数 | contracts in force then | plain
-- column: lowest_score | double | 最低スコア | lowest score | plain
-- column: highest_score | double | 最高スコア | highest score | plain
-- column: cancelled | long | その後に解約した契約数 | of them cancelled since | plain
-- column: cancel_rate | double | 解約の割合 0–1 | cancelled ÷ contracts | plain
-- column: lift | double? | リフト（全体の割合との比） | cancel_rate ÷ that of all | plain
-- column: auc | double? | AUC（継続した契約のスコアが解約した契約より高い確率、全体の行のみ） | chance that a contract that stayed had the higher score, on the row of all; 0.5 = the score says nothing | plain
-- column: known_then | double | 当時の名寄せ結果がある契約の割合 0–1 | share of contracts with a record whose person id_map held on that day | plain
-- 定義: 分母: $as_of の $health_back_days × 24時間前に契約中だった契約。スコアは、その時点までの事実と、その時点の名寄せ（id_map）による health_score。
-- 定義: 分子: そのうち $as_of には契約中でない契約（解約）。解約の割合 = 分子 ÷ 分母。リフト = その行の割合 ÷ 全体の割合（解約がなければNULL）。
-- 定義: 五分位はスコアの低い順で、同じスコアの契約は同じ五分位に入る。契約のない五分位の行はない。
-- 定義: AUC = 継続した契約と解約した契約の全ての組のうち、継続した方のスコアが高い組の割合。同点は半分。どちらかがなければNULL。
-- 定義: known_then = 当時の名寄せ結果のあるレコードを持つ契約 ÷ 契約。ほかのレコードは今日の名寄せによる。
-- Contracts in force $health_back_days × 24 hours before $as_of, with their health_score of that moment: facts up to then, and who is who as
-- id_map had it then (known_then says of how many; of other records it is as today). Cancelled: not in force any more at $as_of.
-- A fifth: contracts of one score share it. AUC: ties count half; null where all or none were cancelled.
with scored as (
    select
        t.score,
        t.is_known_then,
        case when n.unit_id is null then 1 else 0 end as cancelled,
        least(5, 1 + cast(floor(5 * percent_rank() over (order by t.score)) as int)) as fifth,
        -- Of equal scores the mean rank.
        rank() over (order by t.score) + (count(*) over (partition by t.score) - 1) / 2.0 as place
    from _health t
    left join _health n on n.back = 0 and n.unit = 'contract' and n.unit_id = t.unit_id
    where t.back = 1 and t.unit = 'contract'
),
counted as (
    select
        case when grouping(fifth) = 1 then 0 else fifth end as fifth,
        count(*) as contracts,
        min(score) as lowest_score,
        max(score) as highest_score,
        sum(cancelled) as cancelled,
        cast(sum(cancelled) as double) / count(*) as cancel_rate,
        sum(case when cancelled = 0 then place end) as places,
        count(case when is_known_then then 1 end) as known
    from scored
    group by grouping sets ((fifth), ())
)
select
    cast(fifth as int) as fifth,
    contracts,
    lowest_score,
    highest_score,
    cancelled,
    cancel_rate,
    cancel_rate / nullif(cast(sum(case when fifth = 0 then cancelled end) over () as double) / sum(case when fifth = 0 then contracts end) over (), 0) as lift,
    case
        when fifth = 0 then (places - (contracts - cancelled) * (contracts - cancelled + 1) / 2.0)
            / nullif(cast(cancelled as double) * (contracts - cancelled), 0)
    end as auc,
    cast(known as double) / contracts as known_then
from counted
where contracts > 0
