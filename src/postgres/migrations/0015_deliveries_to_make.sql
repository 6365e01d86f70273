-- Deliveries that are still to be made: few, however long the log is.
CREATE INDEX webhook_deliveries_to_make ON webhook_deliveries (next_attempt_at) WHERE state = 'pending';
