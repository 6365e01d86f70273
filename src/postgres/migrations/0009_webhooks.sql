-- Who is told of tasks that ended, and what became of telling them.
--
--   webhook   An address of a tenant's. Its secret is not here: the platform keeps it under the webhook's id.
--   delivery  One end of a task, on its way to one webhook.

CREATE TABLE webhooks (
  id                 text PRIMARY KEY,
  tenant_id          text NOT NULL,
  url                text NOT NULL,
  -- Null: all queues.
  queue              text,
  states             text[] NOT NULL,
  description        text,
  secret_fingerprint text NOT NULL,
  created_at         timestamptz(3) NOT NULL DEFAULT now(),
  -- Null: a draft, whose secret is not kept yet.
  opened_at          timestamptz,
  disabled_at        timestamptz(3),
  disabled_reason    text,
  -- Its secret goes before the row does, so that none is left that nobody knows of.
  closed_at          timestamptz,
  updated_at         timestamptz(3) NOT NULL DEFAULT now()
);

CREATE INDEX webhooks_newest ON webhooks (created_at DESC, id DESC) WHERE opened_at IS NOT NULL AND closed_at IS NULL;
CREATE INDEX webhooks_of_tenant ON webhooks (tenant_id, created_at DESC, id DESC)
  WHERE opened_at IS NOT NULL AND closed_at IS NULL;
CREATE INDEX webhook_leftovers ON webhooks (created_at) WHERE opened_at IS NULL OR closed_at IS NOT NULL;

CREATE TABLE webhook_deliveries (
  id               text PRIMARY KEY,
  webhook_id       text NOT NULL REFERENCES webhooks ON DELETE CASCADE,
  task_id          text NOT NULL,
  -- The task's `news` at that end: which of its ends it was.
  news             bigint NOT NULL,
  type             text NOT NULL,
  occurred_at      timestamptz NOT NULL,
  state            text NOT NULL DEFAULT 'pending',
  attempts         int NOT NULL DEFAULT 0,
  last_status_code int,
  last_error       text,
  last_latency_ms  int,
  last_attempt_at  timestamptz(3),
  next_attempt_at  timestamptz(3),
  delivered_at     timestamptz(3),
  created_at       timestamptz(3) NOT NULL DEFAULT now(),
  updated_at       timestamptz(3) NOT NULL DEFAULT now(),
  UNIQUE (webhook_id, task_id, news)
);

CREATE INDEX webhook_deliveries_newest ON webhook_deliveries (webhook_id, created_at DESC, id DESC);
CREATE INDEX webhook_deliveries_settled ON webhook_deliveries (updated_at) WHERE state <> 'pending';
