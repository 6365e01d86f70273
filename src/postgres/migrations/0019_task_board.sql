-- A board of those in a state that few are in, and of what has changed since: however long the whole board is.
CREATE INDEX IF NOT EXISTS tasks_in_state ON tasks (state, created_at DESC, id DESC) WHERE opened_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS tasks_changed ON tasks (updated_at) WHERE opened_at IS NOT NULL;
