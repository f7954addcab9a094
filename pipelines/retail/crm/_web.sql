-- Visits of the web site up to the run's time, as they were recorded: what web_visit reads several times, found in one pass over all facts.
-- needs: event.web_visit, interaction.visitor_id
select channel, event_id, record_id, customer_id, occurred_at, transaction_id, category, medium, visitor_id
from interaction
where event_type = 'web_visit' and occurred_at <= $as_of
