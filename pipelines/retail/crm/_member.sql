-- A membership of a record, one row each: its state now and $move_days days ago. The rank is the last one said; `member` where none was said;
-- `withdrawn` where the last event is a withdrawal; `none` before the first event. Of events of one time a withdrawal decides, else the last by
-- event id. place: 1 is the last event.
select
    channel,
    record_id,
    first_value(customer_id order by place) as customer_id,
    first_value(status order by place) filter (where status is not null and category <> 'withdrawn') as rank,
    max(case when status is not null and category <> 'withdrawn' then occurred_at end) as rank_at,
    case when first_value(category order by place) = 'withdrawn' then 'withdrawn'
        else coalesce(first_value(status order by place) filter (where status is not null and category <> 'withdrawn'), 'member')
    end as state,
    case when count(case when before then 1 end) = 0 then 'none'
        when first_value(category order by place) filter (where before) = 'withdrawn' then 'withdrawn'
        else coalesce(
            first_value(status order by place) filter (where before and status is not null and category <> 'withdrawn'),
            'member')
    end as state_before,
    max(case when category = 'joined' then occurred_at end) as joined_at,
    max(case when category = 'withdrawn' then occurred_at end) as withdrawn_at,
    first_value(reason order by place) filter (where category = 'withdrawn') as reason
from (
    select
        *,
        date_part('epoch', occurred_at) <= date_part('epoch', $as_of) - $move_days * 86400 as before,
        row_number() over (
            partition by channel, record_id order by occurred_at desc, category = 'withdrawn' desc, event_id desc
        ) as place
    from _event
    where event_type = 'membership' and category in ('joined', 'rank', 'withdrawn') and record_id is not null
) event
group by channel, record_id
