import type { WebhookCreate, WebhookRecord } from '../contract/webhook.js';
import type { Reservation } from './reservation.js';
import type { Drafted, TenantScope } from './run-store.js';

/** What its creator chose of a webhook, apart from its secret. */
export interface WebhookDraft extends Pick<WebhookRecord, 'id' | 'secretFingerprint'> {
  readonly asked: Omit<WebhookCreate, 'secret' | 'idempotencyKey'>;
}

export interface WebhookFilter {
  readonly tenants: TenantScope;
  readonly tenantId?: string;
  readonly limit: number;
  readonly cursor?: string;
}

/**
 * Webhooks of tenants. A draft, whose secret is not kept yet, and one that is being deleted are invisible to every read. All methods throw
 * `unavailable('database')` when PostgreSQL cannot be reached.
 */
export interface WebhookStore {
  /** @throws idempotency-conflict when the key was used with another body. */
  draft(draft: WebhookDraft, reservation?: Reservation): Promise<Drafted>;
  /** From now on it is seen, and told of ends. */
  open(webhookId: string): Promise<void>;

  get(webhookId: string, tenants: TenantScope): Promise<WebhookRecord | undefined>;
  /** Newest first. A cursor that this list did not make is `schema-invalid`. */
  list(filter: WebhookFilter): Promise<{ items: WebhookRecord[]; nextCursor?: string }>;

  /** Hides it, and stops what is on its way to it; its idempotency key is free again. False where there is none. */
  close(webhookId: string, tenants: TenantScope): Promise<boolean>;
  /** Deletes a closed one or a draft, with its deliveries. Does nothing to another. */
  forget(webhookId: string): Promise<void>;
  /** Drafts that nobody opened for so long, and closed ones whose deletion was cut off. */
  listLeftovers(olderThanMs: number, limit: number): Promise<string[]>;
}
