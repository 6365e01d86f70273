import type { DeliveryState, DeliveryTried, DeliverWebhook } from '../src/domain/webhook-delivery.js';
import { AgentRunError } from '../src/domain/errors.js';
import { SECRET_FIELD, secretRef } from '../src/operations/webhooks/webhook-secret.js';
import type { DeliveryToTry } from '../src/ports/delivery-store.js';
import type { WebhookReply } from '../src/ports/webhook-sender.js';
import type { ActivityPorts } from './ports.js';

type Ports = Pick<ActivityPorts, 'deliveries' | 'webhookSender' | 'webhookGateway' | 'tasks' | 'platform'>;

const GONE = 410;

/** Tells webhooks of tasks that ended. All may be repeated. */
export function createWebhookActivities(ports: Ports) {
  const { deliveries, webhookGateway } = ports;
  return {
    /** Writes down who is to be told of the task's end, and has them told. Does nothing for a task that has not ended. */
    async announceTaskEnd({ taskId }: { taskId: string }): Promise<void> {
      for (const due of await deliveries.announce(taskId)) await webhookGateway.deliver(due);
    },

    /** One request to the receiver. A try whose end was not written down is made again: receivers tell repeats by their id. */
    async tryDelivery({ deliveryId }: DeliverWebhook): Promise<DeliveryTried> {
      const delivery = await deliveries.readTry(deliveryId);
      if (delivery?.state !== 'pending') return { ...NOT_SENT, attempt: delivery?.attempts ?? 0, verdict: 'settled' };
      return tryOnce(ports, deliveryId, delivery);
    },

    async recordDelivery(tried: {
      deliveryId: string;
      tried: DeliveryTried;
      waitMs: number | null;
    }): Promise<DeliveryState | undefined> {
      return deliveries.recordTry(tried.deliveryId, tried.tried, tried.waitMs);
    },
  };
}

const NOT_SENT = { statusCode: null, error: null, latencyMs: null, retryAfterMs: null };

async function tryOnce(ports: Ports, id: string, delivery: DeliveryToTry): Promise<DeliveryTried> {
  const { attempts, url, disabled } = delivery;
  const stopped = (error: string) => ({ ...NOT_SENT, attempt: attempts, verdict: 'stopped', error }) as const;
  if (disabled) return stopped('the webhook is disabled');
  const body = await payloadOf(ports, delivery);
  if (body === undefined) return stopped('the task is gone');
  const attempt = attempts + 1;
  const secret = await secretOf(ports, delivery.webhookId);
  if (secret === undefined) return { ...NOT_SENT, attempt, verdict: 'retry', error: "the webhook's secret is unreadable" };
  const reply = await ports.webhookSender.send({ url, secret, id, body });
  return { attempt, verdict: verdictOf(reply), ...reply };
}

function verdictOf({ statusCode, error }: WebhookReply): 'delivered' | 'gone' | 'retry' {
  if (error === null) return 'delivered';
  return statusCode === GONE ? 'gone' : 'retry';
}

/** The task as it stands now, without its prompt: nobody is told more than a reader of the task is. */
async function payloadOf({ tasks }: Ports, delivery: DeliveryToTry): Promise<string | undefined> {
  const task = await tasks.get(delivery.taskId, 'all');
  const { type, occurredAt: timestamp } = delivery;
  return task && JSON.stringify({ type, timestamp, data: { task: task.record } });
}

/** Undefined where it cannot be read, which an operator may mend; a store that is out of reach is waited for. */
async function secretOf({ platform }: Ports, webhookId: string): Promise<string | undefined> {
  try {
    return (await platform.secrets.read(secretRef(webhookId)))?.fields[SECRET_FIELD];
  } catch (error) {
    if (error instanceof AgentRunError && error.refusal !== 'unavailable') return undefined;
    throw error;
  }
}
