import type { WebhookCreate, WebhookRecord } from '../../contract/webhook.js';
import { forbidden, invalid, missing } from '../../domain/errors.js';
import { newId } from '../../domain/new-id.js';
import { TERMINAL_STATUSES } from '../../domain/outcome.js';
import { seesTenant, type Principal } from '../../domain/principal.js';
import type { Reservation } from '../../ports/reservation.js';
import { bodyHash } from '../body-hash.js';
import type { OperationContext } from '../context.js';
import { fingerprintOf } from '../provider-profiles/credentials.js';
import { assertUsableSecret, SECRET_FIELD, secretRef } from './webhook-secret.js';

const ROUTE = 'POST /api/v1/queue/webhooks';

type Context = Pick<OperationContext, 'webhooks' | 'webhookSender' | 'secrets'>;

/**
 * Makes a webhook, or answers the one that an earlier request with the same key made. The row comes first, as a draft, and the secret is
 * kept under its id, so that a crash between the two leaves nothing that nobody knows of.
 * @throws forbidden for a tenant that the principal does not reach; schema-invalid for an address that nothing may be sent to;
 *   idempotency-conflict.
 */
export async function createWebhook(
  context: Context,
  principal: Principal,
  body: WebhookCreate,
): Promise<WebhookRecord> {
  const { tenantId, secret } = body;
  if (!seesTenant(principal, tenantId)) {
    throw forbidden('this token does not reach that tenant', { field: 'tenantId' });
  }
  assertUsableSecret(secret);
  await assertMayReach(context, body);
  const { id, opened } = await draft(context, body);
  if (!opened) {
    await context.secrets.merge(secretRef(id), { [SECRET_FIELD]: secret });
    await context.webhooks.open(id);
  }
  const webhook = await context.webhooks.get(id, 'all');
  // Deleted in the moment that it was made.
  if (webhook === undefined) throw missing('webhook', id);
  return webhook;
}

async function assertMayReach({ webhookSender }: Context, { url, tenantId }: WebhookCreate): Promise<void> {
  if (!URL.canParse(url)) throw invalid('url', 'url is not a URL');
  const { username, password } = new URL(url);
  // It is shown to whoever may see the webhook.
  if (username !== '' || password !== '') throw invalid('url', 'url must not hold a user name or a password');
  const why = await webhookSender.whyRefused(url, tenantId);
  if (why !== null) throw invalid('url', `url ${why}`);
}

async function draft({ webhooks }: Context, body: WebhookCreate) {
  const { url, tenantId, queue, description, states = [...TERMINAL_STATUSES], secret, idempotencyKey } = body;
  const asked = { url, tenantId, queue, states, description };
  const secretFingerprint = await fingerprintOf({ value: secret });
  // A plain digest of a body with a weak secret in it would help whoever tries to guess that.
  const hash = bodyHash({ ...asked, secretFingerprint });
  return webhooks.draft({ id: newId('whk'), asked, secretFingerprint }, reservationOf(tenantId, idempotencyKey, hash));
}

function reservationOf(tenantId: string, key: string | undefined, hash: string): Reservation | undefined {
  return key === undefined ? undefined : { tenantId, route: ROUTE, key, bodyHash: hash };
}
