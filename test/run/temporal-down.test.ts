import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { TemporalDevServer } from '../../temporal-dev/dev-server.js';
import { Api, eventually } from '../support/api.js';
import { ForeignRunner } from '../support/foreign-runner.js';
import { startTemporalServer } from '../support/temporal-server.js';
import { startTestManager, type TestManager } from '../support/test-manager.js';

/** Longer than every lease here. */
const OUTAGE_MS = 10_000;
const LEASE_MS = 3_000;

describe('while Temporal is down for longer than every lease', () => {
  let folder: string;
  let temporal: TemporalDevServer;
  let manager: TestManager;
  let api: Api;

  before(async function () {
    this.timeout(90_000);
    folder = await mkdtemp(join(tmpdir(), 'agentrun-temporal-down-'));
    temporal = await startTemporalServer(folder);
    const settings = { AGENTRUN_RUNNER_LEASE_MS: String(LEASE_MS), AGENTRUN_RUNNER_IDLE_TIMEOUT_MS: '500' };
    manager = await startTestManager(settings, { temporal: { address: temporal.address, namespace: 'default' } });
    api = new Api(manager.url, manager.operatorToken);
  });
  after(async function () {
    this.timeout(60_000);
    await manager.stop();
    await temporal.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('killed: takes events and renewals, refuses decisions honestly, and afterwards every run goes on in its attempt', async () => {
    await liveThrough(
      () => process.kill(temporal.pid, 'SIGKILL'),
      async () => {
        temporal = await startTemporalServer(folder, Number(temporal.address.split(':')[1]));
      },
    );
  }).timeout(120_000);

  it('hung: the same', async () => {
    await liveThrough(
      () => process.kill(temporal.pid, 'SIGSTOP'),
      async () => {
        process.kill(temporal.pid, 'SIGCONT');
      },
    );
  }).timeout(120_000);

  /** A real runner works and a foreign one heartbeats, while Temporal goes away and comes back. */
  async function liveThrough(goAway: () => void, comeBack: () => Promise<void>): Promise<void> {
    const [worked, held] = [await api.createRun(), await api.createRun()];
    await api.addTurn(worked.id, 'for i in $(seq 10); do echo step $i; sleep 0.5; done');
    await api.post(`/api/v1/runs/${worked.id}/runner-jobs`);
    const runner = await ForeignRunner.claim(api, held.id, { leaseMs: LEASE_MS });
    await eventually(
      async () => api.events(worked.id),
      (events) => events.some(({ payload }) => payload.text?.includes('step 2')),
    );

    goAway();
    const downAt = Date.now();
    const refused = await api.request('POST', `/api/v1/runs/${held.id}/commands`, { payload: { prompt: 'true' } });
    assert.deepEqual([refused.status, refused.body.failureKind], [503, 'infra-failed'], JSON.stringify(refused.body));
    assert.ok(Date.now() - downAt < 5_000, `it took ${Date.now() - downAt} ms to say so`);
    for (let beat = 1; Date.now() - downAt < OUTAGE_MS; beat += 1) {
      assert.equal((await runner.renew(LEASE_MS)).attempt, 1);
      await runner.append({ type: 'backend_status', payload: { beat }, clientSeq: beat });
      assert.equal((await api.request('GET', '/health/live')).status, 200);
      assert.equal((await api.request('GET', '/health/readiness')).status, 503);
      // What renews a lease must still be sent here.
      assert.equal((await api.request('GET', '/health/readiness?scope=process')).status, 200);
      await delay(500);
    }
    // A runner goes on with its heartbeats however long the return takes.
    const beating = setInterval(() => void runner.renew(LEASE_MS).catch(() => undefined), LEASE_MS / 6);
    try {
      await comeBack();
      await eventually(
        async () => api.request('GET', '/health/readiness'),
        ({ status }) => status === 200,
      );
      await eventually(
        async () => runner.api.request('PATCH', `/api/v1/runs/${held.id}/status`, { terminalStatus: 'completed' }),
        ({ status }) => status === 200,
      );
    } finally {
      clearInterval(beating);
    }
    const ended = await eventually(
      async () => api.get(`/api/v1/runs/${worked.id}`),
      ({ terminalStatus }) => terminalStatus !== null,
      60_000,
    );
    assert.deepEqual([ended.status, ended.attempt], ['completed', 1], JSON.stringify(ended));
    const output = (await api.events(worked.id)).filter(({ type }) => type === 'command_output');
    assert.equal(
      output.map(({ payload }) => payload.text).join(''),
      Array.from({ length: 10 }, (_, index) => `step ${index + 1}\n`).join(''),
      'the agent worked on meanwhile, and once',
    );
    assert.equal((await api.get(`/api/v1/runs/${worked.id}/runner-jobs`)).count, 1);
  }
});
