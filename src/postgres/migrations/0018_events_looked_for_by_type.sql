-- What a run's result, its usage and its story are made from is looked for by type, also where there is none of it among very many
-- events of an agent's work: without this index all of them were read then. Other types are not looked for.
-- Appends wait while it is made: the time of one pass over the events that are kept.
CREATE INDEX IF NOT EXISTS run_events_of_type ON run_events (run_id, type, seq)
  WHERE type IN ('assistant_message', 'token_usage', 'backend_status', 'error', 'terminal_status');
