import type { WebhookDelivery, WebhookPayload } from '../contract/webhook.js';
import type { DeliveryState, DeliveryTried } from '../domain/webhook-delivery.js';

/** A delivery that is to be made, and whose it is. */
export interface DueDelivery {
  readonly deliveryId: string;
  readonly webhookId: string;
  readonly taskId: string;
  readonly tenantId: string;
  readonly queue: string;
}

/** What one try needs to know. */
export interface DeliveryToTry extends Pick<WebhookDelivery, 'webhookId' | 'taskId' | 'state' | 'attempts'> {
  readonly type: WebhookPayload['type'];
  /** When the task ended. */
  readonly occurredAt: string;
  readonly url: string;
  readonly tenantId: string;
  /** The webhook is disabled. */
  readonly disabled: boolean;
}

/** What goes to webhooks, and what became of it. All methods throw `unavailable('database')` when PostgreSQL cannot be reached. */
export interface DeliveryStore {
  /**
   * Writes down who is to be told of the task's end: every enabled webhook of its tenant that asked for such ends of its queue. Asked
   * again it adds none. Answers those that are still to be made; none for a task that has not ended.
   */
  announce(taskId: string): Promise<DueDelivery[]>;

  get(webhookId: string, deliveryId: string): Promise<WebhookDelivery | undefined>;
  /** Newest first. A cursor that this list did not make is `schema-invalid`. */
  list(query: {
    webhookId: string;
    limit: number;
    cursor?: string;
  }): Promise<{ items: WebhookDelivery[]; nextCursor?: string }>;

  /** Undefined where it, or its webhook, is gone. */
  readTry(deliveryId: string): Promise<DeliveryToTry | undefined>;
  /**
   * Writes down a try, and when the next one comes, in milliseconds from now (null: none does). A receiver that is gone disables its
   * webhook. Answers the delivery's state; undefined where it is gone. May be repeated, also after `reopen`: then it changes nothing.
   */
  recordTry(deliveryId: string, tried: DeliveryTried, waitMs: number | null): Promise<DeliveryState | undefined>;
  /** It is to be made again. Undefined where it is gone, or its webhook is disabled. */
  reopen(deliveryId: string): Promise<DueDelivery | undefined>;
  /** Those that are still to be made and should have been tried longer ago than this. */
  listOverdue(lateMs: number, limit: number): Promise<DueDelivery[]>;
}
