-- Tasks and their queues. A task's workflow decides; rows here are what the world reads, and what an attempt is started from.
--
--   task     What an agent is to do, once, sometime. Its `payload` and settings are settled when it is created.
--   attempt  One try at a task: a command on a run. Not to be confused with the attempts of that run.
--   slot     The right of a task to have a live attempt; a queue has so many.

CREATE TABLE queues (
  name          text PRIMARY KEY,
  concurrency   int NOT NULL,
  paused        boolean NOT NULL,
  auto_dispatch boolean NOT NULL,
  max_pending   int NOT NULL,
  weights       json NOT NULL DEFAULT '{}',
  updated_at    timestamptz(3) NOT NULL DEFAULT now()
);

CREATE TABLE tasks (
  id               text PRIMARY KEY,
  queue            text NOT NULL,
  title            text,
  tenant_id        text NOT NULL,
  project_id       text NOT NULL,
  backend_profile  text NOT NULL,
  -- What its runs are made from: provider, workspace and policies in `run`; and what their runner Jobs are asked with.
  run              json NOT NULL,
  session_ref      json,
  metadata         json NOT NULL,
  runner_job       json NOT NULL,
  payload          json NOT NULL,
  priority         int NOT NULL,
  auto_dispatch    boolean NOT NULL,
  not_before       timestamptz(3),
  retry_policy     json NOT NULL,
  max_tokens       bigint,
  max_wall_time_ms bigint,
  aipod            json,
  trace_id         text NOT NULL,
  created_at       timestamptz(3) NOT NULL DEFAULT now(),

  -- Null: a draft.
  opened_at        timestamptz,
  draft_holders    int NOT NULL DEFAULT 1,
  execution_id     text,

  -- Projected from the workflow; times among these are the workflow's.
  version             bigint NOT NULL DEFAULT -1,
  state               text NOT NULL DEFAULT 'pending',
  phase               text NOT NULL DEFAULT 'waiting-for-dispatch',
  attempt             int NOT NULL DEFAULT 0,
  failure_kind        text,
  failure_message     text,
  dispatched_at       timestamptz,
  waiting_until       timestamptz,
  slot_wanted_at      timestamptz,
  cancel_requested_at timestamptz,
  cancel_reason       text,
  wall_time_ms        bigint NOT NULL DEFAULT 0,
  finished_at         timestamptz,
  -- Grows with each end of the task: what somebody may not have seen yet.
  news                bigint NOT NULL DEFAULT 0,

  updated_at timestamptz(3) NOT NULL DEFAULT now()
);

CREATE INDEX tasks_newest ON tasks (created_at DESC, id DESC) WHERE opened_at IS NOT NULL;
CREATE INDEX tasks_of_queue ON tasks (queue, created_at DESC, id DESC) WHERE opened_at IS NOT NULL;
CREATE INDEX tasks_of_tenant ON tasks (tenant_id, created_at DESC, id DESC) WHERE opened_at IS NOT NULL;
-- Those that have not ended: few, however many there were.
CREATE INDEX tasks_open ON tasks (queue, state, phase, created_at) INCLUDE (opened_at)
  WHERE state IN ('pending', 'running');
CREATE INDEX tasks_ended ON tasks (queue, finished_at) WHERE finished_at IS NOT NULL;
CREATE INDEX task_drafts ON tasks (created_at) WHERE opened_at IS NULL;

CREATE TABLE task_attempts (
  task_id         text NOT NULL REFERENCES tasks ON DELETE CASCADE,
  attempt         int NOT NULL,
  run_id          text,
  command_id      text,
  session_id      text,
  runner_job_id   text,
  started_run     boolean NOT NULL,
  state           text NOT NULL,
  failure_kind    text,
  failure_message text,
  started_at      timestamptz NOT NULL,
  finished_at     timestamptz,
  PRIMARY KEY (task_id, attempt)
);

-- A session that works names its tasks.
CREATE INDEX task_attempts_of_session ON task_attempts (session_id) WHERE session_id IS NOT NULL;
CREATE INDEX sessions_at_work ON sessions (id) WHERE execution_state IN ('pending', 'running');
CREATE INDEX task_attempts_of_command ON task_attempts (command_id) WHERE command_id IS NOT NULL;

-- What a reader has seen of a task's `news`.
CREATE TABLE task_readers (
  task_id   text NOT NULL REFERENCES tasks ON DELETE CASCADE,
  reader_id text NOT NULL,
  seen      bigint NOT NULL,
  read_at   timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (reader_id, task_id)
);

-- Notes belong to runs and to tasks, and idempotency keys make tasks too.
COMMENT ON COLUMN notes.run_id IS 'The run, or the task, that they are about.';
