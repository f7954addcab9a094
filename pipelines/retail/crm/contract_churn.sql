-- ja: 解約率（月次、全体と法人別）: 解約で失われた月額 ÷ 前月末の月額
-- en: churn of contracts by month, over all and by company: monthly fee lost to cancellations ÷ fee in force at the end of the month before
-- key: month, company
-- needs: event.contract, interaction.account_id
-- column: month | date | 月（初日） | first day of the month | plain
-- column: company | text | 法人番号。allは全契約（個人を含む） | corporate number; all = every contract, those of persons too | plain
-- column: contracts | long | 月末の契約数 | contracts in force at the end of the month | plain
-- column: persons | long | 月末の契約者数（分かっている顧客） | known persons with a contract in force at the end of the month | plain
-- column: fee | amount | 月末の月額合計（円） | monthly fee in force at the end of the month | plain
-- column: fee_before | amount | 前月末の月額合計（円） | fee in force at the end of the month before | plain
-- column: started | long | 開始した契約数 | contracts started | plain
-- column: fee_started | amount | 開始による月額の増加 | fee won by starts | plain
-- column: fee_raised | amount | 変更（更新を含む）による月額の増加 | fee won by changes and renewals | plain
-- column: fee_lowered | amount | 変更（更新を含む）による月額の減少（解約率に含めない） | fee lost by changes and renewals, not part of the rate | plain
-- column: ended | long | 解約した契約数 | contracts cancelled | plain
-- column: fee_ended | amount | 解約で失われた月額 | fee lost to cancellations | plain
-- column: churn_rate | double? | 当月の解約率 0–1 | fee_ended ÷ fee_before | plain
-- column: churn_rate_12 | double? | 解約率（直近12か月の平均） | mean of churn_rate over 12 months; else null | plain
-- column: lowered_rate | double? | 減額率 0–1 | fee_lowered ÷ fee_before | plain
-- column: contract_churn_rate | double? | 契約数での解約率 0–1 | ended ÷ contracts in force at the end of the month before | plain
-- 定義: 解約率 = その月に解約で失われた月額 ÷ 前月末の月額（Sansanの公表する定義）。同じ月に始まり解約された契約も分子に入る。
-- 定義: 直近12か月の平均は、12か月すべてに率がある場合だけで、それ以外はNULL。$as_of の月は月の最終日だけ率がある。
-- 定義: 終了日（valid_until）が先の解約は、その日に解約とする。変更による増減は解約に含めない。法人は、契約にある法人番号の完全一致。
-- 定義: 契約中の契約が同じ時刻に終了し開始した場合は更新とし、解約に数えない（月額の差は変更と同じ扱い）。終了後の変更の行では契約は再開しない。
-- 解約率 as Sansan reports it: the monthly fee lost to cancellations in the month ÷ the monthly fee in force at the end of the month before, and the
-- mean of the last twelve months. A contract that starts and is cancelled in one month is in the numerator too. The mean is null unless
-- each of the twelve has a rate; a month without a fee before it has none. The month of $as_of has rates on its last day only.
-- A contract is cancelled when it ends: at the valid_until of its end where that is later than it was said, and not if it starts again before.
-- A contract in force that ends and starts at one moment is renewed: it was not cancelled, and its fee is raised or lowered as by a change. A change
-- of a contract that has ended, such as a settlement, does not start it again.
-- Changes lower or raise the fee and are no cancellation. Company: contracts that name a corporate number, matched exactly.
with step as (
    select
        unnest(make_array('all', corporate_number)) as company,
        cast(date_trunc('month', at) as date) as month,
        cast(date_trunc('month', until_at) as date) as until_month,
        running,
        ran,
        fee,
        fee_before,
        customer_id
    from _contract
),
company as (
    select company, unnest(generate_series(min(month), cast(date_trunc('month', cast($as_of as date)) as date), interval '1 month')) as month
    from step
    where company is not null
    group by company
),
in_force as (
    select m.company, m.month, count(*) as contracts, count(distinct s.customer_id) as persons, sum(s.fee) as fee
    from company m
    join step s on s.company = m.company and s.month <= m.month and (s.until_month is null or s.until_month > m.month)
    where s.running
    group by m.company, m.month
),
flow as (
    select
        company,
        month,
        count(case when running and not ran then 1 end) as started,
        sum(case when running and not ran then fee end) as fee_started,
        sum(case when running and ran and fee > fee_before then fee - fee_before end) as fee_raised,
        sum(case when running and ran and fee < fee_before then fee_before - fee end) as fee_lowered,
        count(case when not running and ran then 1 end) as ended,
        sum(case when not running and ran then fee_before end) as fee_ended
    from step
    where company is not null
    group by company, month
),
monthly as (
    select
        m.company,
        m.month,
        coalesce(i.contracts, 0) as contracts,
        coalesce(i.persons, 0) as persons,
        coalesce(i.fee, 0) as fee,
        coalesce(lag(i.fee) over before, 0) as fee_before,
        lag(i.contracts) over before as contracts_before,
        coalesce(f.started, 0) as started,
        coalesce(f.fee_started, 0) as fee_started,
        coalesce(f.fee_raised, 0) as fee_raised,
        coalesce(f.fee_lowered, 0) as fee_lowered,
        coalesce(f.ended, 0) as ended,
        coalesce(f.fee_ended, 0) as fee_ended,
        m.month + interval '1 month' <= cast($as_of as date) + interval '1 day' as is_over
    from company m
    left join in_force i on i.company = m.company and i.month = m.month
    left join flow f on f.company = m.company and f.month = m.month
    window before as (partition by m.company order by m.month)
),
rated as (
    select
        *,
        case when is_over then cast(fee_ended as double) / nullif(cast(fee_before as double), 0) end as churn_rate,
        case when is_over then cast(fee_lowered as double) / nullif(cast(fee_before as double), 0) end as lowered_rate,
        case when is_over then cast(ended as double) / nullif(contracts_before, 0) end as contract_churn_rate
    from monthly
)
select
    month,
    company,
    contracts,
    persons,
    fee,
    fee_before,
    started,
    fee_started,
    fee_raised,
    fee_lowered,
    ended,
    fee_ended,
    churn_rate,
    case when count(churn_rate) over year = 12 then avg(churn_rate) over year end as churn_rate_12,
    lowered_rate,
    contract_churn_rate
from rated
window year as (partition by company order by month rows between 11 preceding and current row)
