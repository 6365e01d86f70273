import type { WebhookDeleted, WebhookDelivery, WebhookRecord } from '../../contract/webhook.js';
import { missing } from '../../domain/errors.js';
import type { Principal } from '../../domain/principal.js';
import { tenantScope } from '../access.js';
import type { OperationContext } from '../context.js';
import { secretRef } from './webhook-secret.js';

type Context = Pick<OperationContext, 'webhooks' | 'deliveries' | 'secrets'>;

/** @throws missing */
export async function requireWebhook(
  { webhooks }: Pick<Context, 'webhooks'>,
  principal: Principal,
  webhookId: string,
): Promise<WebhookRecord> {
  const webhook = await webhooks.get(webhookId, tenantScope(principal));
  if (webhook === undefined) throw missing('webhook', webhookId);
  return webhook;
}

/** Newest first. @throws missing */
export async function listDeliveries(
  context: Context,
  principal: Principal,
  query: { webhookId: string; limit: number; cursor?: string },
): Promise<{ items: WebhookDelivery[]; nextCursor?: string }> {
  await requireWebhook(context, principal, query.webhookId);
  return context.deliveries.list(query);
}

/** What is on its way to it is sent no more. It is hidden first, and its row goes last, so that its secret is never left behind. @throws missing */
export async function deleteWebhook(
  context: Context,
  principal: Principal,
  webhookId: string,
): Promise<WebhookDeleted> {
  const closed = await context.webhooks.close(webhookId, tenantScope(principal));
  if (!closed) throw missing('webhook', webhookId);
  await forgetWebhook(context, webhookId);
  return { action: 'webhook-deleted', webhookId, valuesPrinted: false };
}

/** Of one that is closed, or a draft: its secret, then its row. */
export async function forgetWebhook(
  { webhooks, secrets }: Pick<Context, 'webhooks' | 'secrets'>,
  webhookId: string,
): Promise<void> {
  await secrets.delete(secretRef(webhookId));
  await webhooks.forget(webhookId);
}
