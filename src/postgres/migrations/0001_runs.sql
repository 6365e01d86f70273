-- Terms used in every table
--
--   run        One piece of agent work. Its workflow in Temporal decides what happens to it; rows here are what the world reads.
--   attempt    One runner's try at a run, from 1. Whoever writes for an attempt that is over is refused ("fenced").
--   lease      A runner's right to an attempt, for as long as it keeps renewing it.
--   command    What a caller tells a run's runner (turn, steer, interrupt). `seq` is its order of acceptance within the run.
--   event      What happened in a run, told by its runner, by an operator or by the manager itself. `seq` has no holes.
--   producer   Who numbers its own events (`client_seq`), so that a repeated batch adds nothing twice.
--   draft      A run or command that was written before its workflow accepted it. Invisible to every read.
--   projection A row written from a workflow's state. `version` grows with that state; an older one never overwrites a newer one.
--   note       Words from outside (a failure message, a reason) that a workflow names by id, to keep them out of its history.
--   thing      What an idempotency key made: a run or a command.
--
-- Times are the database's clock, except where a column's comment says otherwise.
-- JSON that callers and agents wrote is `json`, not `jsonb`: it keeps \u0000, lone surrogates, key order and numbers as written.

CREATE TABLE runs (
  id               text PRIMARY KEY,
  tenant_id        text NOT NULL,
  project_id       text NOT NULL,
  provider_id      text,
  backend_profile  text NOT NULL,
  session_id       text,
  session_ref      json,
  workspace_ref    json NOT NULL,
  execution_policy json NOT NULL,
  retry_policy     json NOT NULL,
  metadata         json NOT NULL,
  workflow_id      text NOT NULL,
  trace_id         text NOT NULL,
  -- Milliseconds, as clients see it: a list's cursor is then exact.
  created_at       timestamptz(3) NOT NULL DEFAULT now(),

  -- Null: a draft.
  opened_at        timestamptz,
  -- Requests that are trying to open this draft; it goes when the last of them takes it back.
  draft_holders    int NOT NULL DEFAULT 1,

  -- The workflow execution that opened the run. Only it may project; one that a repeated request started later may not.
  execution_id        text,
  -- Projected from the workflow; times among these are the workflow's.
  version             bigint NOT NULL DEFAULT -1,
  status              text NOT NULL DEFAULT 'pending',
  attempt             int NOT NULL DEFAULT 1,
  terminal_status     text,
  failure_kind        text,
  failure_message     text,
  claimed_by          text,
  thread_id           text,
  cancel_requested_at timestamptz,
  cancel_reason       text,
  last_command_seq    int NOT NULL DEFAULT 0,
  finished_at         timestamptz,

  updated_at       timestamptz NOT NULL DEFAULT now()
);

-- Lists are newest first; the id decides between equal times.
CREATE INDEX runs_newest ON runs (created_at DESC, id DESC) WHERE opened_at IS NOT NULL;
CREATE INDEX runs_of_tenant ON runs (tenant_id, created_at DESC, id DESC) WHERE opened_at IS NOT NULL;
CREATE INDEX runs_in_status ON runs (status, created_at DESC, id DESC) WHERE opened_at IS NOT NULL;
CREATE INDEX runs_of_session ON runs (session_id, created_at DESC, id DESC)
  WHERE opened_at IS NOT NULL AND session_id IS NOT NULL;
CREATE INDEX run_drafts ON runs (created_at) WHERE opened_at IS NULL;

CREATE TABLE commands (
  id            text PRIMARY KEY,
  run_id        text NOT NULL REFERENCES runs ON DELETE CASCADE,
  type          text NOT NULL,
  payload       json NOT NULL,
  created_at    timestamptz(3) NOT NULL DEFAULT now(),

  -- Null: a draft.
  seq           int,
  draft_holders int NOT NULL DEFAULT 1,

  -- Projected from the workflow; times among these are the workflow's.
  state               text NOT NULL DEFAULT 'pending',
  attempt             int,
  failure_kind        text,
  failure_message     text,
  thread_id           text,
  turn_id             text,
  superseded_by       text,
  cancel_requested_at timestamptz,
  acknowledged_at     timestamptz,
  finished_at         timestamptz,

  updated_at    timestamptz NOT NULL DEFAULT now(),
  UNIQUE (run_id, seq)
);

CREATE INDEX command_drafts ON commands (created_at) WHERE seq IS NULL;

CREATE TABLE notes (
  id         text PRIMARY KEY,
  run_id     text NOT NULL,
  text       text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX notes_by_age ON notes (created_at);

CREATE TABLE idempotency_keys (
  tenant_id  text NOT NULL,
  route      text NOT NULL,
  key        text NOT NULL,
  body_hash  text NOT NULL,
  thing_id   text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, route, key)
);

CREATE INDEX idempotency_keys_of_thing ON idempotency_keys (thing_id);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);
