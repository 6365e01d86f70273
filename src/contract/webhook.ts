import { Type, type Static } from 'typebox';
import { idPattern } from '../domain/ids.js';
import { TERMINAL_STATUSES } from '../domain/outcome.js';
import { DELIVERY_STATES, WEBHOOK_STATES } from '../domain/webhook-delivery.js';
import { IdempotencyKey, Name, Nullable, Timestamp, ValuesPrinted } from './common.js';
import { QueueName, TaskId, TaskRecord } from './task.js';

export const WebhookId = Type.String({ pattern: idPattern('whk') });
export const DeliveryId = Type.String({ pattern: idPattern('dlv') });

const closed = { additionalProperties: false };
const Count = Type.Integer({ minimum: 0 });
export const WEBHOOK_URL_PATTERN = '^https?://[^\\s]+$';
const WebhookUrl = Type.String({ maxLength: 2_048, pattern: WEBHOOK_URL_PATTERN });
export const WEBHOOK_SECRET_PATTERN = '^[!-~]{24,256}$';
const Description = Type.String({ maxLength: 500 });

const some = { minItems: 1, uniqueItems: true };
const EndState = Type.Enum(TERMINAL_STATUSES);

/**
 * Where ends of a tenant's tasks are told. `secret` signs every request, by the Standard Webhooks specification: `whsec_` and the base64
 * of 24 to 64 bytes, or any other 24 to 256 printable characters, whose bytes are the key. It is kept as secrets are, and answered nowhere.
 */
export const WebhookCreate = Type.Object(
  {
    url: WebhookUrl,
    secret: Type.String({ pattern: WEBHOOK_SECRET_PATTERN }),
    tenantId: Name,
    /** Of this queue only. */
    queue: Type.Optional(Nullable(QueueName)),
    /** The ends that it is told of. */
    states: Type.Optional(Type.Array(EndState, { ...some, default: [...TERMINAL_STATUSES] })),
    description: Type.Optional(Nullable(Description)),
    idempotencyKey: Type.Optional(IdempotencyKey),
  },
  closed,
);
export type WebhookCreate = Static<typeof WebhookCreate>;

export const WebhookRecord = Type.Object({
  id: WebhookId,
  tenantId: Name,
  url: WebhookUrl,
  /** Null: of all queues. */
  queue: Nullable(QueueName),
  states: Type.Array(EndState, some),
  description: Nullable(Description),
  state: Type.Enum(WEBHOOK_STATES),
  disabledAt: Nullable(Timestamp),
  disabledReason: Nullable(Type.String()),
  /** By which two secrets can be told apart. */
  secretFingerprint: Type.String(),
  createdAt: Timestamp,
  updatedAt: Timestamp,
  valuesPrinted: ValuesPrinted,
});
export type WebhookRecord = Static<typeof WebhookRecord>;

export const WebhookDeleted = Type.Object({
  action: Type.Literal('webhook-deleted'),
  webhookId: WebhookId,
  valuesPrinted: ValuesPrinted,
});
export type WebhookDeleted = Static<typeof WebhookDeleted>;

const EVENT_TYPES_OF_ENDS = TERMINAL_STATUSES.map((state) => `task.${state}` as const);

/** One end of a task, on its way to one webhook. `id` is the request's `webhook-id`, at every try. */
export const WebhookDelivery = Type.Object({
  id: DeliveryId,
  webhookId: WebhookId,
  taskId: TaskId,
  type: Type.Enum(EVENT_TYPES_OF_ENDS),
  state: Type.Enum(DELIVERY_STATES),
  /** Requests that were made, over all its life. */
  attempts: Count,
  lastStatusCode: Nullable(Type.Integer()),
  /** What was wrong with the last one, in our words. */
  lastError: Nullable(Type.String()),
  /** Until the receiver began to answer. */
  lastLatencyMs: Nullable(Count),
  lastAttemptAt: Nullable(Timestamp),
  nextAttemptAt: Nullable(Timestamp),
  deliveredAt: Nullable(Timestamp),
  createdAt: Timestamp,
  updatedAt: Timestamp,
  valuesPrinted: ValuesPrinted,
});
export type WebhookDelivery = Static<typeof WebhookDelivery>;

/** The body of a request to a receiver. `timestamp`: when the task ended; `data.task`: as it stands when it is sent. */
export const WebhookPayload = Type.Object({
  type: Type.Enum(EVENT_TYPES_OF_ENDS),
  timestamp: Timestamp,
  data: Type.Object({ task: TaskRecord }),
});
export type WebhookPayload = Static<typeof WebhookPayload>;
