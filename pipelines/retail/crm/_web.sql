-- Visits of the web site up to the run's time, as they were recorded: what web_visit reads several times, found in one pass over all facts.
-- needs: event.web_visit, interaction.visitor_id
-- is_login: the hit says who it is. Some tools say so on the log-in alone, others on every hit of a member.
select
    channel,
    event_id,
    record_id,
    customer_id,
    occurred_at,
    transaction_id,
    category,
    medium,
    visitor_id,
    coalesce(category = 'login', false) or record_id is not null as is_login
from interaction
where event_type = 'web_visit' and occurred_at <= $as_of
