-- ja: セグメント間の移動（RFM・デシル・CPM、1か月前→現在）
-- en: moves between segments (RFM, decile, CPM) from one month before to now
-- key: kind, from_segment, to_segment
-- column: kind | text | セグメントの種類（rfm, decile, cpm） | kind of segment: rfm, decile or cpm | plain
-- column: from_segment | text | 1か月前のセグメント（未購入はnone） | segment one month before; none: had not bought | plain
-- column: to_segment | text | 現在のセグメント | segment now | plain
-- column: persons | long | 人数 | persons | plain
-- column: share | double | 移動元に占める割合 0–1 | share of the persons of from_segment, 0 to 1 | plain
-- 定義: 割合 = その行の人 ÷ 1か月前に同じセグメント（from_segment）だった人。none は1か月前にまだ購入のなかった人。
-- 定義: 両時点とも今日の名寄せの同じ購入者で、現在は $as_of まで、1か月前はその時点までの購入から計算する。1か月前の金額からも、その後の返品を差し引く。
-- 定義: rfm は r・f・m のランクを並べたもの、decile は01〜10、cpm は区分に現役か離脱を付けたもの。
-- Both sides are computed over the same persons with today's ids: once with every purchase up to $as_of, once with those up to a month before.
-- rfm: the ranks r, f, m one after the other. decile: 01 to 10. cpm: the cell with 現役 or 離脱 behind it. Denominator of share: the row's
-- from_segment.
with segment as (
    select
        coalesce(rfm_then, 'none') as rfm_then,
        rfm,
        coalesce(lpad(cast(decile_then as varchar), 2, '0'), 'none') as decile_then,
        lpad(cast(decile as varchar), 2, '0') as decile,
        coalesce(cpm_then || case when cpm_active_then then ' 現役' else ' 離脱' end, 'none') as cpm_then,
        cpm || case when cpm_active then ' 現役' else ' 離脱' end as cpm
    from _segment
),
move as (
    select
        case when grouping(rfm) = 0 then 'rfm' when grouping(decile) = 0 then 'decile' else 'cpm' end as kind,
        case when grouping(rfm) = 0 then rfm_then when grouping(decile) = 0 then decile_then else cpm_then end as from_segment,
        case when grouping(rfm) = 0 then rfm when grouping(decile) = 0 then decile else cpm end as to_segment,
        count(*) as persons
    from segment
    group by grouping sets ((rfm_then, rfm), (decile_then, decile), (cpm_then, cpm))
)
select
    kind,
    from_segment,
    to_segment,
    persons,
    persons / cast(sum(persons) over (partition by kind, from_segment) as double) as share
from move
