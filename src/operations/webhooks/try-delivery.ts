import { AgentRunError } from '../../domain/errors.js';
import type { DeliveryTried } from '../../domain/webhook-delivery.js';
import type { DeliveryToTry } from '../../ports/delivery-store.js';
import type { WebhookReply } from '../../ports/webhook-sender.js';
import type { OperationContext } from '../context.js';
import { SECRET_FIELD, secretRef } from './webhook-secret.js';

type Context = Pick<OperationContext, 'deliveries' | 'webhookSender' | 'tasks' | 'secrets'>;

const GONE = 410;
const NOT_SENT = { statusCode: null, error: null, latencyMs: null, retryAfterMs: null };

/** One request to the receiver. Made again, it sends again: receivers tell repeats by their id. @throws rate-limited when too much is under way */
export async function tryDelivery(context: Context, deliveryId: string): Promise<DeliveryTried> {
  const delivery = await context.deliveries.readTry(deliveryId);
  const attempt = delivery?.attempts ?? 0;
  if (delivery?.state !== 'pending') return { ...NOT_SENT, attempt, verdict: 'settled' };
  if (delivery.disabled) return { ...NOT_SENT, attempt, verdict: 'stopped', error: 'the webhook is disabled' };
  const body = await payloadOf(context, delivery);
  if (body === undefined) return { ...NOT_SENT, attempt, verdict: 'stopped', error: 'the task is gone' };
  return send(context, { ...delivery, id: deliveryId, body });
}

async function send(
  context: Context,
  { id, body, url, tenantId, webhookId, attempts }: DeliveryToTry & { id: string; body: string },
): Promise<DeliveryTried> {
  const attempt = attempts + 1;
  const secret = await secretOf(context, webhookId);
  if (secret === undefined) {
    return { ...NOT_SENT, attempt, verdict: 'retry', error: "the webhook's secret is unreadable" };
  }
  const reply = await context.webhookSender.send({ url, tenantId, secret, id, body });
  if (reply === undefined) throw tooMuch();
  return { attempt, verdict: verdictOf(reply), ...reply };
}

/** Temporal tries again soon, and less soon the longer it lasts. */
function tooMuch(): AgentRunError {
  return new AgentRunError('rate-limited', 'unavailable', 'too many requests to webhooks are under way');
}

function verdictOf({ statusCode, error }: WebhookReply): 'delivered' | 'gone' | 'retry' {
  if (error === null) return 'delivered';
  return statusCode === GONE ? 'gone' : 'retry';
}

/** The task as it stands now, without its prompt: nobody is told more than a reader of the task is. */
async function payloadOf({ tasks }: Context, delivery: DeliveryToTry): Promise<string | undefined> {
  const task = await tasks.get(delivery.taskId, 'all');
  const { type, occurredAt: timestamp } = delivery;
  return task && JSON.stringify({ type, timestamp, data: { task: task.record } });
}

/** Undefined where it cannot be read, which an operator may mend; a store that is out of reach is waited for. */
async function secretOf({ secrets }: Context, webhookId: string): Promise<string | undefined> {
  try {
    return (await secrets.read(secretRef(webhookId)))?.fields[SECRET_FIELD];
  } catch (error) {
    if (error instanceof AgentRunError && error.refusal !== 'unavailable') return undefined;
    throw error;
  }
}
