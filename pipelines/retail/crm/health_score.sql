-- ja: ヘルススコア（契約、契約のない人は人ごと）
-- en: health score of each contract, and of each person without one
-- key: unit, unit_id
-- needs: event.engagement
-- column: unit | text | 単位 (contract 契約, person 人) | contract or person | plain
-- column: unit_id | text | 契約ID、または統合顧客ID | contract id or customer id | keyed
-- column: day | date | 基準日 | day of the score | plain
-- column: customer_id | text? | 統合顧客ID（契約は最新の契約者） | unified customer id, of a contract that of its latest row that has one | keyed
-- column: corporate_number | text? | 法人番号 | corporate number | plain
-- column: fee | amount? | 月額（円） | monthly fee | plain
-- column: score | double | ヘルススコア 0–100 | health score | plain
-- column: logins | long? | ログイン回数 | log-ins | plain
-- column: minutes | double? | 利用時間（分） | minutes of use | plain
-- column: registered | long? | 登録データ数（製品登録、累計） | registered data: product registrations, ever | plain
-- column: admins | long? | 運用担当者の数（累計） | 運用担当者 named, ever | plain
-- column: trainings | long? | 研修・打ち合わせの回数 | trainings and meetings | plain
-- column: contacts | long? | 問い合わせ件数 | support contacts | plain
-- column: new_accounts | long? | 新規利用者数（初回ログイン） | new accounts: record ids whose first log-in it was | plain
-- column: nps | double? | NPS −1〜1（推奨者割合−批判者割合） | NPS, −1 to 1: promoters less detractors ÷ answers | plain
-- column: community | long? | コミュニティ参加回数 | parts taken in the community | plain
-- column: voices | long? | お客様の声の件数 | お客様の声 given | plain
-- column: surveys | long? | アンケート回答数 | surveys answered | plain
-- column: referrals | long? | 紹介件数 | referrals | plain
-- column: logins_points | double? | ログイン回数の点数 | points of logins | plain
-- column: minutes_points | double? | 利用時間の点数 | points of minutes | plain
-- column: registered_points | double? | 登録データ数の点数 | points of registered | plain
-- column: admins_points | double? | 運用担当者の数の点数 | points of admins | plain
-- column: trainings_points | double? | 研修・打ち合わせの回数の点数 | points of trainings | plain
-- column: contacts_points | double? | 問い合わせ件数の点数 | points of contacts | plain
-- column: new_accounts_points | double? | 新規利用者数の点数 | points of new_accounts | plain
-- column: nps_points | double? | NPSの点数 | points of nps | plain
-- column: community_points | double? | コミュニティ参加回数の点数 | points of community | plain
-- column: voices_points | double? | お客様の声の件数の点数 | points of voices | plain
-- column: surveys_points | double? | アンケート回答数の点数 | points of surveys | plain
-- column: referrals_points | double? | 紹介件数の点数 | points of referrals | plain
-- 定義: スコア = $health_start + 各項目の点数の合計（0〜100に収める）。点数 = 値 × 重み（$health_…_weight）、±$health_part_limit まで。重みが負なら減点。
-- 定義: 値は $as_of までの $health_days × 24時間のもの（累計と書いた項目は全期間）。NPS = （9・10の回答 − 0〜6の回答）÷ 点数のある回答。
-- 定義: 誰にもその事実がない項目、またはNPSの回答がない場合の値はNULLで、点数はない。
-- 定義: 契約中の契約の行には、その契約番号を持つ事実と、契約中の契約を名指ししないその人の事実を入れる。契約のない人は、期間内に問い合わせと登録以外の行動があれば行がある。
-- score = $health_start + the points of all parts, between 0 and 100. Points of a part = its value × its weight ($health_…_weight), at most
-- $health_part_limit and at least −$health_part_limit. A weight below 0 counts against: that of support contacts is as the pipeline says.
-- Values count over the last $health_days × 24 hours up to $as_of, those named ever over all time. NPS: answers of 9 and 10 less those of 0 to 6
-- ÷ answers with a score. A value is null where nobody has such a fact, or nobody of the unit answered (NPS); it then gives no points.
-- A contract in force has the facts that name its contract id in any channel, and those of its person that name no contract in force. Persons
-- without a contract in force have a row if they did anything but contact support or register in the window.
select
    unit,
    unit_id,
    cast($as_of as date) as day,
    customer_id,
    corporate_number,
    fee,
    score,
    logins,
    minutes,
    registered,
    admins,
    trainings,
    contacts,
    new_accounts,
    nps,
    community,
    voices,
    surveys,
    referrals,
    logins_points,
    minutes_points,
    registered_points,
    admins_points,
    trainings_points,
    contacts_points,
    new_accounts_points,
    nps_points,
    community_points,
    voices_points,
    surveys_points,
    referrals_points
from _health
where back = 0
