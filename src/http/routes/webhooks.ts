import { Name, Page } from '../../contract/common.js';
import {
  DeliveryId,
  WebhookCreate,
  WebhookDeleted,
  WebhookDelivery,
  WebhookId,
  WebhookRecord,
} from '../../contract/webhook.js';
import { tenantScope } from '../../operations/access.js';
import { createWebhook } from '../../operations/webhooks/create-webhook.js';
import { deleteWebhook, listDeliveries, requireWebhook } from '../../operations/webhooks/read-webhooks.js';
import { redeliver } from '../../operations/webhooks/redeliver.js';
import { cursor, limit, textField } from '../query-fields.js';
import { route, type Route } from '../route.js';

const tag = 'webhooks';
const PATH = '/api/v1/queue/webhooks';
const params = { webhookId: WebhookId };

export const webhookRoutes: Route[] = [
  route({
    method: 'POST',
    path: PATH,
    operationId: 'createWebhook',
    tag,
    summary: 'Have ends of tasks told to an address of yours',
    description:
      'Requests are signed by the Standard Webhooks specification, and repeated for 24 hours until one is answered with a 2xx. Addresses ' +
      'that are not public are refused unless AGENTRUN_WEBHOOK_ALLOWED_HOSTS names them. No route answers the secret again.',
    auth: 'operator',
    body: WebhookCreate,
    bodyExample: {
      url: 'https://hooks.example.com/agentrun',
      secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
      tenantId: 'acme',
      states: ['failed', 'blocked'],
    },
    refusals: [409],
    answer: WebhookRecord,
    handle: ({ principal, body }, { operations }) => createWebhook(operations, principal, body),
  }),
  route({
    method: 'GET',
    path: PATH,
    operationId: 'listWebhooks',
    tag,
    summary: 'List webhooks, newest first',
    auth: 'operator',
    query: { tenantId: textField(Name, 'Only of this tenant.'), limit: limit(50), cursor },
    answer: Page(WebhookRecord),
    handle: ({ principal, query }, { operations }) =>
      operations.webhooks.list({ tenants: tenantScope(principal), ...query }),
  }),
  route({
    method: 'GET',
    path: `${PATH}/:webhookId`,
    operationId: 'getWebhook',
    tag,
    summary: 'A webhook, without its secret',
    auth: 'operator',
    params,
    answer: WebhookRecord,
    handle: ({ principal, params: { webhookId } }, { operations }) => requireWebhook(operations, principal, webhookId),
  }),
  route({
    method: 'DELETE',
    path: `${PATH}/:webhookId`,
    operationId: 'deleteWebhook',
    tag,
    summary: 'Delete a webhook, its secret and its deliveries',
    description: 'What is on its way to it is tried no more.',
    auth: 'operator',
    params,
    answer: WebhookDeleted,
    handle: ({ principal, params: { webhookId } }, { operations }) => deleteWebhook(operations, principal, webhookId),
  }),
  route({
    method: 'GET',
    path: `${PATH}/:webhookId/deliveries`,
    operationId: 'listWebhookDeliveries',
    tag,
    summary: 'What was sent to a webhook, and what became of it; newest first',
    auth: 'operator',
    params,
    query: { limit: limit(50), cursor },
    answer: Page(WebhookDelivery),
    handle: ({ principal, params, query }, { operations }) =>
      listDeliveries(operations, principal, { ...params, ...query }),
  }),
  route({
    method: 'POST',
    path: `${PATH}/:webhookId/deliveries/:deliveryId/redeliver`,
    operationId: 'redeliverWebhook',
    tag,
    summary: 'Send a delivery again, now',
    description:
      'The request has the same `webhook-id` as before. One that waits for its next try is tried now, and has 24 hours again.',
    auth: 'operator',
    params: { ...params, deliveryId: DeliveryId },
    refusals: [409],
    answer: WebhookDelivery,
    handle: ({ principal, params }, { operations }) => redeliver(operations, principal, params),
  }),
];
