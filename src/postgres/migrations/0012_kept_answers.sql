-- What a request with a key came to, where its thing alone does not say it: a repeat answers the same.
ALTER TABLE idempotency_keys ADD COLUMN outcome text;

-- So were repeats answered before.
UPDATE idempotency_keys SET outcome = 'session-created' WHERE route = 'POST /api/v1/sessions';
