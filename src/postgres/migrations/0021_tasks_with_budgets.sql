-- The budget watcher looks each second: at those that have a cap, not at all that run.
CREATE INDEX IF NOT EXISTS tasks_at_work_capped ON tasks (id) WHERE state = 'running' AND phase = 'running' AND max_tokens IS NOT NULL;
CREATE INDEX IF NOT EXISTS tasks_at_work_of_tenant ON tasks (tenant_id) WHERE state = 'running' AND phase = 'running';
