import { deliveryWorkflowId } from '../../../src/domain/ids.js';
import { announceTaskEnd } from '../../../src/operations/webhooks/announce-task-end.js';
import { openPostgres } from '../../../src/postgres/index.js';
import { createWebhookGateway } from '../../../src/temporal/webhook-gateway.js';
import { eventually, type Loose } from '../api.js';
import { openTask } from '../tasks.js';
import { startWebhookReceiver, type WebhookReceiver } from '../webhook-receiver.js';
import type { Life } from './life.js';
import type { History, Stage } from './stage.js';

const LOOPBACK = { AGENTRUN_WEBHOOK_ALLOWED_HOSTS: '127.0.0.1' };
const PATH = '/api/v1/queue/webhooks';

/** Lives of what tells others of tasks. */
export const queueEventLives: Record<string, Life> = {
  'webhook-delivered-at-the-second-try': {
    settings: LOOPBACK,
    play: async (stage) =>
      withReceiver(async (receiver) => {
        receiver.answer(500, 204);
        return delivered(stage, await announced(stage, receiver));
      }),
  },

  'webhook-delivered-again-when-asked': {
    settings: LOOPBACK,
    play: async (stage) =>
      withReceiver(async (receiver) => {
        receiver.answer(500, 500, 204);
        const delivery = await announced(stage, receiver);
        await eventually(
          async () => newest(stage, delivery.webhookId),
          ({ attempts }) => attempts === 1,
        );
        await stage.api.post(`${PATH}/${delivery.webhookId}/deliveries/${delivery.id}/redeliver`);
        return delivered(stage, delivery);
      }),
  },

  'webhook-gone': {
    settings: LOOPBACK,
    play: async (stage) =>
      withReceiver(async (receiver) => {
        receiver.answer(410);
        return delivered(stage, await announced(stage, receiver));
      }),
  },
};

async function withReceiver(play: (receiver: WebhookReceiver) => Promise<History[]>): Promise<History[]> {
  const receiver = await startWebhookReceiver();
  try {
    return await play(receiver);
  } finally {
    await receiver.close();
  }
}

/** A delivery to the receiver, under way. */
async function announced({ api, manager, temporal }: Stage, { url }: WebhookReceiver): Promise<Loose> {
  const webhook = await api.post(PATH, { url, secret: 'a-secret-of-plain-characters', tenantId: 'acme' });
  const postgres = openPostgres({ connectionString: manager.database.connectionString });
  try {
    const taskId = await openTask(postgres, { tenantId: 'acme' }, { state: 'failed', phase: 'ended' });
    await announceTaskEnd({ ...postgres, webhookGateway: createWebhookGateway(temporal) }, taskId);
  } finally {
    await postgres.close();
  }
  return newest({ api }, webhook.id);
}

const newest = async ({ api }: Pick<Stage, 'api'>, webhookId: string): Promise<Loose> =>
  (await api.get(`${PATH}/${webhookId}/deliveries`)).items[0];

async function delivered({ temporal }: Stage, { id }: Loose): Promise<History[]> {
  const handle = temporal.workflow.getHandle(deliveryWorkflowId(id));
  await handle.result();
  return [await handle.fetchHistory()];
}
