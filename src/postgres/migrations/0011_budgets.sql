-- What agents used, and what a tenant may use.
--
--   usage   Tokens of a command as its agent counted them: of each attempt of the run the most that was told, for an agent tells its
--           turn's total again and again.
--   period  A calendar day or month in UTC, in which a tenant's caps hold.

CREATE TABLE command_usage (
  command_id   text NOT NULL REFERENCES commands ON DELETE CASCADE,
  attempt      int NOT NULL,
  tenant_id    text NOT NULL,
  total_tokens bigint NOT NULL,
  updated_at   timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (command_id, attempt)
);

CREATE INDEX command_usage_of_tenant ON command_usage (tenant_id, updated_at);

CREATE TABLE tenant_budgets (
  tenant_id        text PRIMARY KEY,
  period           text NOT NULL CHECK (period IN ('day', 'month')),
  max_tokens       bigint,
  max_wall_time_ms bigint,
  updated_at       timestamptz(3) NOT NULL DEFAULT now()
);

CREATE INDEX task_attempts_by_end ON task_attempts (finished_at);
