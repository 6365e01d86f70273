import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { setTimeout as delay } from 'node:timers/promises';
import { createTaskActivities } from '../../../activities/tasks.js';
import { createWebhookActivities } from '../../../activities/webhooks.js';
import { unavailable } from '../../../src/domain/errors.js';

const SLOW_MS = 1_500;

const slowly = async () => {
  await delay(SLOW_MS);
  throw unavailable('temporal');
};
const slow = new Proxy({}, { get: () => slowly });
const ports = {
  operations: { runs: slow, tasks: slow, deliveries: slow, webhooks: slow, gateway: slow },
  queueSignals: slow,
} as unknown as Parameters<typeof createTaskActivities>[0];

async function heartbeatsOf(activity: () => Promise<unknown>): Promise<number> {
  const environment = new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') });
  let heartbeats = 0;
  environment.on('heartbeat', () => (heartbeats += 1));
  await assert.rejects(environment.run(activity));
  return heartbeats;
}

/** Their worker is given up after five seconds without a word; Temporal is waited for longer. */
describe('what a task says to runs, queues and webhooks', () => {
  const tasks = createTaskActivities(ports);
  const webhooks = createWebhookActivities(ports);
  const wanted = { taskId: 'task_1', attempt: 1, tenantId: 'acme', priority: 0, sinceMs: 0 };

  it('shows that its worker lives while it waits', async () => {
    const heartbeats = await Promise.all([
      heartbeatsOf(async () => tasks.wantSlot({ queue: 'main', wanted })),
      heartbeatsOf(async () => tasks.readTaskAttempt({ commandId: 'cmd_1' })),
      heartbeatsOf(async () => webhooks.announceTaskEnd({ taskId: 'task_1' })),
    ]);
    assert.ok(
      heartbeats.every((count) => count > 0),
      String(heartbeats),
    );
  }).timeout(10_000);
});
