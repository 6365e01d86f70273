import type { DueDelivery } from './delivery-store.js';

/** The way to the workflows of deliveries. @throws unavailable('temporal') within about 1.5 s when Temporal is down. */
export interface WebhookGateway {
  /** Starts the delivery's workflow; does nothing where it lives. */
  deliver(delivery: DueDelivery): Promise<void>;
  /** As `deliver`; one that waits for its next try makes it now. */
  deliverNow(delivery: DueDelivery): Promise<void>;
}
