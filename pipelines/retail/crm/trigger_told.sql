-- ja: 伝えたトリガー（規則と起点の出来事ごとに一度。実行をまたいで残る）
-- en: triggers that were due in a run, kept from run to run: one row for each rule and founding event
-- key: rule, event
-- column: rule | text | 規則 | rule of trigger_due | plain
-- column: event | text | 起点の出来事（チャネル/番号） | founding event: channel/id | keyed
-- column: customer_id | text | 伝えたときの統合顧客ID | unified customer id when it was told | keyed
-- column: due_at | timestamp | いつから | from when it was due | plain
-- column: told_at | timestamp | due_nowになった実行の時点 | time of the run that it was due_now in | plain
-- 定義: trigger_due の due_now になった行を、その実行の時点とともに残す。過去の実行の分は前回の表から引き継ぐ。
-- What a run said is due_now, with the run's time; what runs before said comes from the table of the run before. A row goes when no record that
-- ever belonged to its customer is left, as after an erasure.
select t.rule, t.event, t.customer_id, t.due_at, t.told_at
from previous.trigger_told t
where exists (select 1 from id_map m where m.customer_id = t.customer_id)
union all
select d.rule, d.event, d.customer_id, d.due_at, d.told_at
from trigger_due d
where d.due_now and not exists (select 1 from previous.trigger_told t where t.rule = d.rule and t.event = d.event)
