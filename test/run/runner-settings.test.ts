import assert from 'node:assert/strict';
import { RUNNER_VARIABLES } from '../../src/domain/runner-program.js';
import { processTable } from '../../src/processes/process-table.js';
import { Api } from '../support/api.js';
import { runnerOfJob, untilEnded, untilPrinted } from '../support/live-runner.js';
import { startTestManager, type TestManager } from '../support/test-manager.js';

const CODEX_PATH = '/opt/agents/codex';
const CACHE_DIR = '/var/cache/agents-of-a-test';

describe('what a local runner is told of the programs of agents', () => {
  let manager: TestManager;
  before(async function () {
    this.timeout(90_000);
    manager = await startTestManager({ AGENTRUN_CODEX_PATH: CODEX_PATH, AGENTRUN_CACHE_DIR: CACHE_DIR });
  });
  after(() => manager.stop());

  it('is where to look for them, and its agent is not told', async () => {
    const api = new Api(manager.url, manager.operatorToken);
    const { id: runId } = await api.createRun();
    const turn = await api.addTurn(runId, 'env | grep -c -e /opt/agents -e agents-of-a-test; echo counted; read line');
    const { jobName } = await api.post(`/api/v1/runs/${runId}/runner-jobs`);
    const printed = await untilPrinted(api, turn, 'counted');
    const { runner } = runnerOfJob(jobName);
    for (const [name, value] of [
      [RUNNER_VARIABLES.codexPath, CODEX_PATH],
      [RUNNER_VARIABLES.cacheDir, CACHE_DIR],
    ] as const) {
      assert.ok(
        processTable.marked({ name, value }).some(({ pid }) => pid === runner.pid),
        name,
      );
    }
    assert.equal(printed, '0\ncounted\n');
    await api.post(`/api/v1/runs/${runId}/cancel`);
    await untilEnded(api, runId);
  });
});
