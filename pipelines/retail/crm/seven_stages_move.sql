-- ja: 七段階の移動（比較時点から現在まで）
-- en: moves between the seven stages since $stage_move_days × 24 hours ago
-- key: stage_before, stage
-- column: stage_before | integer | 比較時点の段階（0は購入者になる前） | stage then; 0 = not yet a buyer | plain
-- column: stage | integer | 現在の段階 | stage now | plain
-- column: persons | long | 人数 | persons | plain
-- column: share | double | 比較時点の段階の人に占める割合 0–1 | share of the persons of stage_before | plain
-- 定義: 割合 = その行の人 ÷ 比較時点（$stage_move_days × 24時間前）に同じ段階にいた人。$as_of までに購入のある人だけを数える。
-- 定義: 段階と条件は seven_stages と同じで、それぞれの時点までの事実による。名寄せはどちらも今日のもの。0は、どの段階にもいない人。
-- Stages and rules as in seven_stages; both by the facts up to each moment and by the identity of today.
select
    stage_before,
    stage,
    count(*) as persons,
    cast(count(*) as double) / sum(count(*)) over (partition by stage_before) as share
from seven_stages
group by stage_before, stage
