import assert from 'node:assert/strict';
import { Api, eventually } from '../support/api.js';
import { startTestManager, type TestManager } from '../support/test-manager.js';

describe('one run, end to end', () => {
  let manager: TestManager;
  let api: Api;

  before(async function () {
    this.timeout(90_000);
    manager = await startTestManager({ AGENTRUN_RUNNER_IDLE_TIMEOUT_MS: '500' });
    api = new Api(manager.url, manager.operatorToken);
  });
  after(async () => manager.stop());

  it('runs a command line in a real runner, tells its output, and ends by idling out', async () => {
    const run = await api.createRun();
    const command = await api.addTurn(run.id, 'echo hello from $((6*7)); pwd');
    const job = await api.post(`/api/v1/runs/${run.id}/runner-jobs`, { commandId: command.id });
    assert.equal(job.runId, run.id);
    const ended = await eventually(
      async () => api.get(`/api/v1/runs/${run.id}`),
      (record) => record.terminalStatus !== null,
    );
    assert.equal(ended.status, 'completed', JSON.stringify(ended));
    const events = await api.events(run.id);
    assert.deepEqual(
      events.map(({ seq }) => seq),
      events.map((_, index) => index + 1),
    );
    const output = events
      .filter(({ type }) => type === 'command_output')
      .map(({ payload }) => payload.text)
      .join('');
    assert.match(output, /hello from 42/);
    assert.equal(events.at(-1).type, 'terminal_status');
    const result = await api.get(`/api/v1/runs/${run.id}/result`);
    assert.match(result.reply, /hello from 42/);
    const jobs = await api.get(`/api/v1/runs/${run.id}/runner-jobs`);
    assert.equal(jobs.count, 1);
    await eventually(
      async () => (await api.get(`/api/v1/runs/${run.id}/runner-jobs`)).items[0],
      ({ status }) => status === 'succeeded',
    );
  });
});
