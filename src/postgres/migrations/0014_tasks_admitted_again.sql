-- An ended task that somebody dispatches takes a place of its queue before its workflow begins again.
ALTER TABLE tasks ADD COLUMN admitted_at timestamptz;

CREATE INDEX tasks_admitted ON tasks (queue, admitted_at) WHERE admitted_at IS NOT NULL;
