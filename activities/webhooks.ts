import type { DeliveryState, DeliveryTried, DeliverWebhook } from '../src/domain/webhook-delivery.js';
import { announceTaskEnd } from '../src/operations/webhooks/announce-task-end.js';
import { tryDelivery } from '../src/operations/webhooks/try-delivery.js';
import { heartbeating } from './heartbeating.js';
import type { ActivityPorts } from './ports.js';

/** A try, and when the next one comes; null: none does. */
interface RecordDelivery extends DeliverWebhook {
  readonly tried: DeliveryTried;
  readonly waitMs: number | null;
}

/** Tells webhooks of tasks that ended. All may be repeated. */
export function createWebhookActivities({ operations }: Pick<ActivityPorts, 'operations'>) {
  return {
    /** For a task's workflow, once the task's end is projected. */
    async announceTaskEnd({ taskId }: { taskId: string }): Promise<void> {
      await heartbeating(async () => announceTaskEnd(operations, taskId));
    },

    async tryDelivery({ deliveryId }: DeliverWebhook): Promise<DeliveryTried> {
      return tryDelivery(operations, deliveryId);
    },

    /** Answers the delivery's state; undefined where it is gone. */
    async recordDelivery({ deliveryId, tried, waitMs }: RecordDelivery): Promise<DeliveryState | undefined> {
      return operations.deliveries.recordTry(deliveryId, tried, waitMs);
    },
  };
}
