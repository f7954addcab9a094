-- ja: 解約理由（月次）
-- en: why contracts were cancelled, by month
-- key: month, reason
-- needs: event.contract, interaction.account_id, interaction.reason
-- column: month | date | 月（初日） | first day of the month | plain
-- column: reason | text | 解約理由。unknownは理由なし | reason; unknown = none given | plain
-- column: contracts | long | 解約した契約数 | contracts cancelled | plain
-- column: fee | amount | 失われた月額（円） | monthly fee lost | plain
-- column: share | double? | その月に失われた月額に占める割合 0–1 | share of the fee lost in the month | plain
-- 定義: 分子: その理由の解約で失われた月額。分母: その月の全ての解約で失われた月額。分母が0ならNULL。
-- 定義: 解約とその月は contract_churn と同じで、月の合計は fee_ended（all）に等しい。契約数は解約の数で、同じ月に再開してまた解約した契約は2と数える。
-- Cancellations as in contract_churn: their fees of a month are its fee_ended.
with ended as (
    select cast(date_trunc('month', at) as date) as month, coalesce(reason, 'unknown') as reason, count(*) as contracts, sum(fee_before) as fee
    from _contract
    where not running and ran
    group by cast(date_trunc('month', at) as date), coalesce(reason, 'unknown')
)
select month, reason, contracts, fee, cast(fee as double) / nullif(cast(sum(fee) over (partition by month) as double), 0) as share
from ended
