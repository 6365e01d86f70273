import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { Api, eventually, type Loose } from '../support/api.js';
import { QuickRunners } from '../support/quick-runners.js';
import { startTestManager, type TestManager } from '../support/test-manager.js';

const TASKS = 40;
const SLOTS = 4;
const TASK = { tenantId: 'acme', projectId: 'shop', backendProfile: 'exec', autoDispatch: true, queue: 'storm' };

describe('a storm of cancels over a queue', function () {
  this.timeout(300_000);
  let manager: TestManager;
  let api: Api;
  const runners = new QuickRunners(async (_turn, signal) => {
    await delay(400, undefined, { signal });
    return { terminalStatus: 'completed' };
  });
  before(async () => {
    manager = await startTestManager({ AGENTRUN_CANCEL_GRACE_MS: '3000' }, { platform: runners.on });
    api = new Api(manager.url, manager.operatorToken);
    await api.ok('PUT', '/api/v1/queue/queues/storm', { concurrency: SLOTS });
  });
  after(async () => manager.stop());

  const ended = async (id: string): Promise<Loose> =>
    eventually(
      async () => api.get(`/api/v1/queue/tasks/${id}`),
      ({ phase }) => phase === 'ended',
      120_000,
    );

  /** As clients do it: who is told to come again, since a busy machine answers too late, comes again. */
  const untilTaken = async (path: string, body?: object) =>
    eventually(
      async () => api.request('POST', path, body),
      ({ status }) => status !== 429 && status !== 503,
      60_000,
    );

  it('every task ends once, by its work or by the cancel, with its run; and every slot is free again', async () => {
    const made: Loose[] = [];
    for (let index = 0; index < TASKS; index += 1)
      made.push(await api.post('/api/v1/queue/tasks', { ...TASK, prompt: `t${index}` }));
    // Each is cancelled at some time of its life, three times at once; and the same ones are dispatched meanwhile.
    await Promise.all(
      made.map(async ({ id }, index) => {
        await delay(index * 100);
        const path = `/api/v1/queue/tasks/${id}`;
        const said = [
          ...[1, 2, 3].map(async (n) => untilTaken(`${path}/cancel`, { reason: `storm ${n}` })),
          untilTaken(`${path}/dispatch`),
        ];
        for (const { status, body } of await Promise.all(said))
          assert.ok([200, 409].includes(status), JSON.stringify(body));
      }),
    );
    for (const { id } of made) {
      const { state, latestAttempt } = await ended(id);
      assert.ok(['cancelled', 'completed'].includes(state), state);
      const runId = latestAttempt?.runId ?? null;
      if (runId === null) continue;
      const run = await eventually(
        async () => api.get(`/api/v1/runs/${runId}`),
        ({ terminalStatus }) => terminalStatus !== null,
      );
      assert.equal(run.status, state);
    }
    assert.ok(runners.mostLive <= SLOTS, `${runners.mostLive} ran at once`);
    // As many as there are slots, and they run at once: none was lost to a task that is gone.
    runners.mostLive = 0;
    const last = await Promise.all(
      Array.from({ length: SLOTS }, async (_, index) =>
        api.post('/api/v1/queue/tasks', { ...TASK, prompt: `l${index}` }),
      ),
    );
    for (const { id } of last) assert.equal((await ended(id)).state, 'completed');
  });
});
