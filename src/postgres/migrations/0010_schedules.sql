-- Tasks that are made again and again.
--
--   schedule  When, and what task. Temporal keeps the time; the rows keep what its history must not: the task's prompt.
--   outcome   What one time of a schedule came to: a task, or why there is none. The newest of each schedule are kept.

CREATE TABLE schedules (
  -- What its creator calls it.
  id                text PRIMARY KEY,
  tenant_id         text NOT NULL,
  cron              text,
  interval_ms       bigint,
  time_zone         text NOT NULL,
  overlap_policy    text NOT NULL,
  jitter_ms         bigint NOT NULL,
  start_at          timestamptz(3),
  end_at            timestamptz(3),
  catchup_window_ms bigint NOT NULL,
  -- As it was asked for last; Temporal says what holds.
  paused            boolean NOT NULL,
  task              json NOT NULL,
  body_hash         text NOT NULL,
  created_at        timestamptz(3) NOT NULL DEFAULT now(),
  -- Null: a draft, which Temporal has not taken yet.
  opened_at         timestamptz,
  updated_at        timestamptz(3) NOT NULL DEFAULT now()
);

CREATE INDEX schedules_newest ON schedules (created_at DESC, id DESC) WHERE opened_at IS NOT NULL;
CREATE INDEX schedules_of_tenant ON schedules (tenant_id, created_at DESC, id DESC) WHERE opened_at IS NOT NULL;

CREATE TABLE schedule_outcomes (
  schedule_id     text NOT NULL REFERENCES schedules ON DELETE CASCADE,
  -- The workflow that Temporal started for this time.
  action_id       text NOT NULL,
  task_id         text,
  failure_kind    text,
  failure_message text,
  created_at      timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (schedule_id, action_id)
);

CREATE INDEX schedule_outcomes_newest ON schedule_outcomes (schedule_id, created_at DESC);
