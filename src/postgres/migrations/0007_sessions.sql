-- Sessions: conversations that outlive runs. What follows from their runs is written by the projections of those runs, in the same
-- transaction, so that the two cannot disagree.
--
--   news     Grows with each turn or run that ended: what somebody may not have seen yet.
--   storage  The session's volume. `evicting` from the moment its end is decided until the platform says that it is gone.

CREATE TABLE sessions (
  id                   text PRIMARY KEY,
  tenant_id            text NOT NULL,
  project_id           text NOT NULL,
  backend_profile      text NOT NULL,
  conversation_id      text,
  codex_rollout_subdir text NOT NULL DEFAULT 'sessions',
  metadata             json NOT NULL DEFAULT '{}',
  created_at           timestamptz(3) NOT NULL DEFAULT now(),
  -- How long it lives on after its last activity.
  ttl_ms               bigint NOT NULL,
  expires_at           timestamptz(3) NOT NULL,

  -- From its runs.
  execution_state   text NOT NULL DEFAULT 'idle',
  thread_id         text,
  active_run_id     text,
  active_command_id text,
  last_run_id       text,
  last_command_id   text,
  -- Of its last run that ended, and of the last turn since.
  terminal_status   text,
  failure_kind      text,
  last_activity_at  timestamptz(3) NOT NULL DEFAULT now(),
  news              bigint NOT NULL DEFAULT 0,

  storage_state       text NOT NULL DEFAULT 'none' CHECK (storage_state IN ('none', 'pvc', 'evicting', 'evicted')),
  storage_name        text,
  storage_namespace   text,
  storage_phase       text,
  storage_size_bytes  bigint,
  storage_files_count bigint,
  storage_sha256      text,
  storage_updated_at  timestamptz,

  updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX sessions_newest ON sessions (last_activity_at DESC, id DESC);
CREATE INDEX sessions_of_tenant ON sessions (tenant_id, last_activity_at DESC, id DESC);
CREATE INDEX sessions_by_expiry ON sessions (expires_at) WHERE storage_state IN ('pvc', 'evicting');

CREATE TABLE session_readers (
  session_id text NOT NULL REFERENCES sessions ON DELETE CASCADE,
  reader_id  text NOT NULL,
  -- The session's `news` that this reader has seen.
  seen       bigint NOT NULL,
  read_at    timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (session_id, reader_id)
);

-- Its runs as they came one after another.
CREATE INDEX runs_of_session_as_opened ON runs (session_id, opened_at, id)
  WHERE opened_at IS NOT NULL AND session_id IS NOT NULL;

-- Sessions of runs that were made before, and of those that were drafted and may yet be opened.
INSERT INTO sessions (id, tenant_id, project_id, backend_profile, created_at, ttl_ms, expires_at, last_activity_at,
    last_run_id, thread_id, execution_state, active_run_id, terminal_status, failure_kind)
  SELECT DISTINCT ON (session_id) session_id, tenant_id, project_id, backend_profile, created_at, 2592000000,
    updated_at + interval '30 days', updated_at, CASE WHEN opened_at IS NOT NULL THEN id END, thread_id,
    CASE WHEN opened_at IS NULL THEN 'idle' WHEN terminal_status IS NULL THEN 'pending' ELSE 'terminal' END,
    CASE WHEN opened_at IS NOT NULL AND terminal_status IS NULL THEN id END, terminal_status, failure_kind
  FROM runs WHERE session_id IS NOT NULL
  ORDER BY session_id, opened_at IS NULL, created_at DESC, id DESC;

-- The volumes that runner Jobs were given, called as `runVolumeName` calls them: their time can then run out like any other's.
UPDATE sessions s SET storage_state = 'pvc', storage_namespace = given.namespace, storage_name = 'session-'
    || rtrim(left(regexp_replace(lower(s.id), '[^a-z0-9]+', '-', 'g'), 32), '-')
    || '-' || left(encode(sha256(convert_to(s.id, 'UTF8')), 'hex'), 16)
  FROM (SELECT r.session_id, max(j.namespace) AS namespace FROM runner_jobs j JOIN runs r ON r.id = j.run_id
    WHERE r.session_id IS NOT NULL GROUP BY r.session_id) given
  WHERE given.session_id = s.id;

-- What was sent to a session has no run until one of the session's has taken it; `session_id` is set for those alone.
ALTER TABLE commands ALTER COLUMN run_id DROP NOT NULL;
ALTER TABLE commands ADD COLUMN session_id text REFERENCES sessions ON DELETE CASCADE;
-- What a send decided, for whoever repeats it: it answers the same, also after the run's end.
ALTER TABLE commands ADD COLUMN send_decision json;
ALTER TABLE commands ADD CHECK (run_id IS NOT NULL OR (session_id IS NOT NULL AND seq IS NULL));
