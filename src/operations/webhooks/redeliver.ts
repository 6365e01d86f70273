import type { WebhookDelivery } from '../../contract/webhook.js';
import { conflict, missing } from '../../domain/errors.js';
import type { Principal } from '../../domain/principal.js';
import type { OperationContext } from '../context.js';
import { requireWebhook } from './read-webhooks.js';

type Context = Pick<OperationContext, 'webhooks' | 'deliveries' | 'webhookGateway'>;

/**
 * Makes the delivery again, now, whatever became of it before; the request keeps its id. One that waits for its next try is made now.
 * @throws missing; conflict where the webhook is disabled.
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
  await context.webhookGateway.deliverNow(due);
  return requireDelivery(context, webhookId, deliveryId);
}

async function requireDelivery({ deliveries }: Context, webhookId: string, deliveryId: string) {
  const delivery = await deliveries.get(webhookId, deliveryId);
  if (delivery === undefined) throw missing('delivery', deliveryId);
  return delivery;
}
