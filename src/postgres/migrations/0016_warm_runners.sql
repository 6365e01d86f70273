-- Runners that were started before any run wanted them. Each serves one run at most, and is gone then.

CREATE TABLE warm_runners (
  id              text PRIMARY KEY,
  backend_profile text NOT NULL,
  -- Of all that it was made from: where the pool is made from something else now, it is stale.
  spec            text NOT NULL,
  job_name        text NOT NULL UNIQUE,
  volume_name     text NOT NULL UNIQUE,
  -- waiting | taken | leaving. Only one that waits can be taken, and only one that waits can be told to leave: never both.
  state           text NOT NULL DEFAULT 'waiting',
  -- The process that its claim token belongs to: the first that used it.
  holder          text,
  -- When that process asked last; null while nobody asks.
  asked_at        timestamptz,
  first_asked_at  timestamptz,
  run_id          text REFERENCES runs ON DELETE CASCADE,
  attempt         int,
  traceparent     text,
  -- From then on the process is told its run.
  assigned_at     timestamptz,
  created_at      timestamptz NOT NULL DEFAULT now()
);

CREATE UNIQUE INDEX warm_runners_of_run ON warm_runners (run_id, attempt) WHERE run_id IS NOT NULL;
CREATE INDEX warm_runners_waiting ON warm_runners (backend_profile, created_at) WHERE state = 'waiting';

-- Pools whose runners fail: when the next one may be made.
CREATE TABLE warm_pool_failures (
  backend_profile text PRIMARY KEY,
  failures        int NOT NULL,
  failed_at       timestamptz NOT NULL,
  message         text NOT NULL
);

-- The volume of a run that took a warm runner; null: its name follows from the run's id.
ALTER TABLE runs ADD COLUMN volume_name text;

-- Whether the attempt took a warm runner or had one started for it; null: not decided yet.
ALTER TABLE runner_jobs ADD COLUMN start text;
