import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RUNNER_VARIABLES } from '../../src/domain/runner-program.js';
import { processTable } from '../../src/processes/process-table.js';
import { Api, eventually } from '../support/api.js';
import { startTestManager, type TestManager } from '../support/test-manager.js';

const LEASE_MS = 2_000;

describe('a runner that is frozen past its lease', () => {
  let manager: TestManager;
  let api: Api;
  let folder: string;

  before(async function () {
    this.timeout(90_000);
    folder = await mkdtemp(join(tmpdir(), 'agentrun-frozen-'));
    manager = await startTestManager({
      AGENTRUN_RUNNER_LEASE_MS: String(LEASE_MS),
      AGENTRUN_RUNNER_IDLE_TIMEOUT_MS: '500',
    });
    api = new Api(manager.url, manager.operatorToken);
  });
  after(async () => {
    await manager.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('loses its attempt; thawed, it writes nothing more and its agent is gone; the next attempt does the work', async () => {
    const log = join(folder, 'log');
    const run = await api.createRun({ retryPolicy: { backoffMs: 100 } });
    // The first time it would go on for a minute; the second time it ends.
    const turn = `echo begun >> ${log}; if [ $(wc -l < ${log}) -gt 1 ]; then echo second; else for i in $(seq 600); do echo first $i; sleep 0.1; done; fi`;
    await api.addTurn(run.id, turn);
    const job = await api.post(`/api/v1/runs/${run.id}/runner-jobs`);
    await eventually(
      async () => api.events(run.id),
      (events) => events.some(({ payload }) => payload.text?.includes('first 3')),
    );
    const ofJob = processTable.marked({ name: RUNNER_VARIABLES.jobName, value: job.jobName });
    for (const { pid } of ofJob) process.kill(pid, 'SIGSTOP');
    await eventually(
      async () => api.get(`/api/v1/runs/${run.id}`),
      ({ attempt }) => attempt === 2,
      LEASE_MS + 10_000,
    );
    for (const { pid } of ofJob) resume(pid);
    const ended = await eventually(
      async () => api.get(`/api/v1/runs/${run.id}`),
      ({ terminalStatus }) => terminalStatus !== null,
    );
    assert.deepEqual([ended.status, ended.attempt], ['completed', 2]);
    const events = await api.events(run.id);
    const lost = events.findIndex(({ payload }) => payload.phase === 'attempt-lost');
    const afterwards = events.slice(lost).filter(({ type }) => type === 'command_output');
    assert.deepEqual(
      afterwards.map(({ payload }) => payload.text),
      ['second\n'],
      'nothing of the old attempt after its loss',
    );
    assert.deepEqual(processTable.marked({ name: RUNNER_VARIABLES.jobName, value: job.jobName }), []);
    assert.equal(await readFile(log, 'utf8'), 'begun\nbegun\n', 'once in each attempt');
    assert.equal((await api.get(`/api/v1/runs/${run.id}/runner-jobs`)).count, 2, 'one Job per attempt');
  }).timeout(60_000);
});

/** Unless the platform has ended it already. */
function resume(pid: number): void {
  try {
    process.kill(pid, 'SIGCONT');
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, 'ESRCH');
  }
}
