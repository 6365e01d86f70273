-- Jobs that were asked for, as their platform last described them; and runners that registered.

CREATE TABLE runner_jobs (
  id          text PRIMARY KEY,
  run_id      text NOT NULL REFERENCES runs ON DELETE CASCADE,
  command_id  text,
  attempt     int NOT NULL,
  attempt_id  text NOT NULL,
  runner_id   text NOT NULL,
  job_name    text NOT NULL UNIQUE,
  namespace   text NOT NULL,
  -- What the caller wants otherwise than by default: image, resources, env.
  overrides   json NOT NULL,
  status      text NOT NULL DEFAULT 'pending',
  reason      text,
  exit_code   int,
  message     text,
  created_at  timestamptz NOT NULL DEFAULT now(),
  updated_at  timestamptz NOT NULL DEFAULT now(),
  finished_at timestamptz
);

CREATE INDEX runner_jobs_of_run ON runner_jobs (run_id, attempt);

CREATE TABLE runners (
  id              text PRIMARY KEY,
  run_id          text,
  attempt_id      text,
  backend_profile text NOT NULL,
  placement       json NOT NULL,
  source_commit   text,
  metadata        json NOT NULL,
  registered_at   timestamptz NOT NULL DEFAULT now(),
  updated_at      timestamptz NOT NULL DEFAULT now()
);
