-- ja: ポイント口座の残高と失効予定
-- en: point accounts: balance, and what expires
-- key: channel, account
-- needs: event.point
-- column: channel | text | チャネル | channel | plain
-- column: account | text | 口座（番号がなければ会員番号） | account; the member where it has no number | keyed
-- column: record_id | text? | 会員番号（最後の行のもの） | member of its newest row | hidden
-- column: customer_id | text? | 統合顧客ID（最後の行のもの） | unified customer id of its newest row | keyed
-- column: shared | boolean | 二人以上の顧客の行があるか | whether its rows are of two or more customers, such as of a family | plain
-- column: balance | amount | 残高 | sum of all rows, in points | plain
-- column: granted | amount | 付与の合計 | points granted | plain
-- column: used | amount | 利用の合計（正の数） | points used, positive | plain
-- column: expired | amount | 失効の合計（正の数） | points expired as the source says, positive | plain
-- column: adjusted | amount | 調整の合計（増減） | sum of all other rows, with its sign | plain
-- column: lapsed | amount | 期限を過ぎて残る分（失効の行がないもの） | left of lots whose end has passed, of which no row says that they expired; part of the balance | plain
-- column: expires_30 | amount | 30日以内に失効 | left of lots that end within 30 days | plain
-- column: expires_60 | amount | 60日以内に失効 | the same within 60 days, with those within 30 | plain
-- column: expires_90 | amount | 90日以内に失効 | the same within 90 days, with those within 60 | plain
-- column: next_expiry_at | timestamp? | 次の失効日時 | when the next lot with points left ends | plain
-- column: last_at | timestamp | 最後の動き | newest row | plain
-- 定義: 行 = 口座。一人の二つの口座は別々の残高のままで、顧客が統合されてもポイントは合算しない。期間は $as_of までの全ての明細。
-- 定義: 残高 = 付与 − 利用 − 失効 + 調整。付与の残りは、減った分を引いたもの（期限のない付与は最後、同じ期限なら古いものから引く）。
-- 定義: 失効予定 = $as_of より後30・60・90日以内に期限の来る付与の残り（60日は30日の分を、90日は60日の分を含む）。
-- 定義: lapsed = 期限を過ぎても失効の明細がない残りで、残高に含まれる。
-- 定義: 減った分は期限の早い付与から引く。時刻は見ない。短期の付与より前の利用もその付与から引かれ、残高は正しいが失効予定は実際と異なることがある。
-- balance = granted - used - expired + adjusted.
-- One row an account: two accounts of one customer stay two balances. Lots are used in the order in which they expire, whenever that was: points used
-- before a lot of a shorter life was granted lower it all the same, and so does what was used after a lot ended that no row says to have expired. The
-- balance is exact then too; which lots are left of it, and so what expires when, is not.
select
    channel,
    account,
    first_value(record_id order by occurred_at desc, event_id desc) as record_id,
    first_value(customer_id order by occurred_at desc, event_id desc) as customer_id,
    coalesce(min(customer_id) <> max(customer_id), false) as shared,
    sum(amount) as balance,
    coalesce(sum(case when category = 'grant' then amount end), 0) as granted,
    coalesce(sum(case when category = 'use' then -amount end), 0) as used,
    coalesce(sum(case when category = 'expire' then -amount end), 0) as expired,
    coalesce(sum(case when category in ('grant', 'use', 'expire') then 0 else amount end), 0) as adjusted,
    coalesce(sum(case when valid_until <= $as_of then left_over end), 0) as lapsed,
    coalesce(sum(case when valid_until > $as_of and valid_until <= $as_of + interval '30 days' then left_over end), 0) as expires_30,
    coalesce(sum(case when valid_until > $as_of and valid_until <= $as_of + interval '60 days' then left_over end), 0) as expires_60,
    coalesce(sum(case when valid_until > $as_of and valid_until <= $as_of + interval '90 days' then left_over end), 0) as expires_90,
    min(case when valid_until > $as_of and left_over > 0 then valid_until end) as next_expiry_at,
    max(occurred_at) as last_at
from _point
group by channel, account
