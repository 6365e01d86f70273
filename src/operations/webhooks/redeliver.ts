import type { WebhookDelivery } from '../../contract/webhook.js';
import { AgentRunError, conflict, missing, unavailable } from '../../domain/errors.js';
import type { Principal } from '../../domain/principal.js';
import type { DueDelivery } from '../../ports/delivery-store.js';
import type { OperationContext } from '../context.js';
import { requireWebhook } from './read-webhooks.js';

type Context = Pick<OperationContext, 'webhooks' | 'deliveries' | 'webhookGateway'>;

/** Maintenance finds it. */
const LATER =
  'Temporal is not reachable; the delivery is to be made, and is within two hours of its return; ask again then to have it made at once';

/**
 * Makes the delivery again, now, whatever became of it before; the request keeps its id. One that waits for its next try is made now.
 * @throws missing; conflict where the webhook is disabled; unavailable('temporal'), and then it is made later.
 */
export async function redeliver(
  context: Context,
  principal: Principal,
  { webhookId, deliveryId }: { webhookId: string; deliveryId: string },
): Promise<WebhookDelivery> {
  const webhook = await requireWebhook(context, principal, webhookId);
  await requireDelivery(context, webhookId, deliveryId);
  if (webhook.state === 'disabled') throw conflict('the webhook is disabled: nothing is sent to it', { webhookId });
  const due = await context.deliveries.reopen(deliveryId);
  if (due === undefined) throw missing('delivery', deliveryId);
  await deliverNow(context, due);
  return requireDelivery(context, webhookId, deliveryId);
}

async function deliverNow({ webhookGateway }: Context, due: DueDelivery): Promise<void> {
  try {
    await webhookGateway.deliverNow(due);
  } catch (error) {
    if (!(error instanceof AgentRunError) || error.refusal !== 'unavailable') throw error;
    throw unavailable('temporal', error, LATER);
  }
}

async function requireDelivery({ deliveries }: Context, webhookId: string, deliveryId: string) {
  const delivery = await deliveries.get(webhookId, deliveryId);
  if (delivery === undefined) throw missing('delivery', deliveryId);
  return delivery;
}
