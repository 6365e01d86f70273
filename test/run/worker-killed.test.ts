import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readSettings } from '../../src/config.js';
import { createLocalPlatform } from '../../src/main/local-runners.js';
import { freePort } from '../../src/processes/free-port.js';
import { AgentRunProcess } from '../support/agentrun-process.js';
import { Api, eventually } from '../support/api.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { ForeignRunner } from '../support/foreign-runner.js';
import { processesOfJob, runnerOfJob, untilEnded, untilPrinted } from '../support/live-runner.js';
import { createTestNamespace } from '../support/temporal-server.js';

const TOKEN = 'worker-killed-operator-token';
/** From a new worker's readiness to a decision that waited for it; the rest is for a busy machine. */
const STALL_MS = 3_000 + 3_000;
/** Until Temporal takes an activity for lost, its worker being silent; the rest is for ending one runner and starting another. */
const REPLACED_MS = 10_000 + 15_000;

describe('a worker that is killed while runs are live', function () {
  this.timeout(90_000);
  let dataDir: string;
  let database: TestDatabase;
  let settings: Record<string, string>;
  let server: AgentRunProcess;
  let worker: AgentRunProcess;
  let api: Api;

  before(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'agentrun-worker-killed-'));
    const [made, temporal, port] = await Promise.all([createTestDatabase(), createTestNamespace(), freePort()]);
    database = made;
    settings = {
      AGENTRUN_DATABASE_URL: database.connectionString,
      AGENTRUN_TEMPORAL_ADDRESS: temporal.address,
      AGENTRUN_TEMPORAL_NAMESPACE: temporal.namespace,
      AGENTRUN_DATA_DIR: dataDir,
      AGENTRUN_PORT: String(port),
      AGENTRUN_OPERATOR_TOKEN: TOKEN,
      AGENTRUN_TOKEN_KEY: randomBytes(32).toString('hex'),
      AGENTRUN_RUNNER_IDLE_TIMEOUT_MS: '500',
      AGENTRUN_RUNNER_LEASE_MS: '3000',
    };
    api = new Api(`http://127.0.0.1:${port}`, TOKEN);
    [server, worker] = await Promise.all([
      AgentRunProcess.start('api', settings),
      AgentRunProcess.start('worker', settings),
    ]);
  });
  after(async () => {
    await Promise.all([server.stop(), worker.stop()]);
    const platform = createLocalPlatform(
      readSettings(settings),
      dataDir,
      randomBytes(32),
      process.env,
      () => undefined,
    );
    for (const job of await platform.list()) await platform.stop(job.jobName, { graceMs: 0 });
    await database.drop();
    await rm(dataDir, { recursive: true, force: true });
  });

  it('holds decisions up for seconds, and changes nothing else: one Job, one attempt, each step once', async () => {
    const [held, worked] = [await api.createRun(), await api.createRun()];
    const runner = await ForeignRunner.claim(api, held.id);
    const turn = await api.addTurn(worked.id, 'for i in $(seq 10); do echo step $i; sleep 0.5; done');
    await api.post(`/api/v1/runs/${worked.id}/runner-jobs`);
    await untilPrinted(api, turn, 'step 2');
    await worker.kill();
    const waiting = eventually(
      async () => runner.api.request('PATCH', `/api/v1/runs/${held.id}/status`, { terminalStatus: 'completed' }),
      ({ status }) => status === 200,
    ).then(() => Date.now());
    worker = await AgentRunProcess.start('worker', settings);
    const readyAtMs = Date.now();
    const stallMs = (await waiting) - readyAtMs;
    assert.ok(stallMs < STALL_MS, `${stallMs} ms`);
    const { status, attempt } = await untilEnded(api, worked.id);
    assert.deepEqual([status, attempt], ['completed', 1]);
    const steps = Array.from({ length: 10 }, (_, index) => `step ${index + 1}\n`);
    assert.equal(await untilPrinted(api, turn, 'step 10'), steps.join(''));
    assert.equal((await api.get(`/api/v1/runs/${worked.id}/runner-jobs`)).count, 1);
  });

  it('does not keep the next attempt waiting when it was just ending the one before', async () => {
    const run = await api.createRun({ retryPolicy: { backoffMs: 0 } });
    const turn = await api.addTurn(
      run.id,
      'if [ -e mark ]; then echo done; else touch mark; echo begun; sleep 300; fi',
    );
    const { jobName } = await api.post(`/api/v1/runs/${run.id}/runner-jobs`);
    await untilPrinted(api, turn, 'begun');
    // It stands still and heeds nothing, so that ending it takes a while.
    process.kill(runnerOfJob(jobName).runner.pid, 'SIGSTOP');
    await eventually(
      async () => existsSync(join(dataDir, 'runners', jobName, 'stop.json')),
      (isStopping) => isStopping,
    );
    await worker.kill();
    worker = await AgentRunProcess.start('worker', settings);
    const readyAtMs = Date.now();
    await untilPrinted(api, turn, 'done', 60_000);
    assert.ok(Date.now() - readyAtMs < REPLACED_MS, `${Date.now() - readyAtMs} ms`);
    const { status, attempt } = await untilEnded(api, run.id);
    assert.deepEqual([status, attempt], ['completed', 2]);
    assert.deepEqual(processesOfJob(jobName), []);
  });
});
