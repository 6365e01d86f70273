import assert from 'node:assert/strict';
import { RUNNER_VARIABLES } from '../../src/domain/runner-program.js';
import { processTable } from '../../src/processes/process-table.js';
import { Api, eventually } from '../support/api.js';
import { startTestManager, type TestManager } from '../support/test-manager.js';

describe('commands of a run, from the caller through a real runner and back', () => {
  let manager: TestManager;
  let api: Api;
  let runId: string;
  let jobName: string;

  before(async function () {
    this.timeout(90_000);
    manager = await startTestManager();
    api = new Api(manager.url, manager.operatorToken);
  });
  after(async () => manager.stop());

  beforeEach(async () => {
    runId = (await api.createRun()).id;
    jobName = (await api.post(`/api/v1/runs/${runId}/runner-jobs`)).jobName;
  });
  afterEach(async () => {
    await api.post(`/api/v1/runs/${runId}/cancel`);
    await ended(`/api/v1/runs/${runId}`);
  });

  const ended = (path: string) =>
    eventually(
      async () => api.get(path),
      (record) => record.terminalStatus !== null,
    );
  const endOf = (command: { id: string }) => ended(`/api/v1/runs/${runId}/commands/${command.id}`);
  const add = (type: string, prompt?: string) =>
    api.post(`/api/v1/runs/${runId}/commands`, { type, payload: prompt === undefined ? {} : { prompt } });
  const output = async (command: { id: string }) =>
    (await api.events(runId))
      .filter(({ type, payload }) => type === 'command_output' && payload.commandId === command.id)
      .map(({ payload }) => payload.text)
      .join('');
  const printed = (command: { id: string }, text: string) =>
    eventually(
      () => output(command),
      (all) => all.includes(text),
    );
  const phases = async () => (await api.events(runId)).map(({ payload }) => payload.phase);
  const living = () => processTable.marked({ name: RUNNER_VARIABLES.jobName, value: jobName });

  it('a steer reaches the live turn, and one that comes too late becomes the next turn', async () => {
    const turn = await add('turn', 'echo ready; read line; echo "got $line"');
    await printed(turn, 'ready');
    const steer = await add('steer', 'left');
    assert.equal((await endOf(steer)).terminalStatus, 'completed');
    assert.equal((await endOf(turn)).terminalStatus, 'completed');
    assert.equal(await output(turn), 'ready\ngot left\n');
    assert.ok((await phases()).includes('steer-delivered'));
    const late = await endOf(await add('steer', 'echo as a turn'));
    assert.equal(late.terminalStatus, 'cancelled');
    const next = await endOf({ id: late.supersededBy });
    assert.deepEqual([next.type, next.terminalStatus, await output(next)], ['turn', 'completed', 'as a turn\n']);
  });

  it('an interrupt ends the live turn as cancelled, and the run goes on', async () => {
    const turn = await add('turn', 'echo ready; sleep 300');
    await printed(turn, 'ready');
    const interrupt = await add('interrupt');
    assert.equal((await endOf(interrupt)).terminalStatus, 'completed');
    assert.equal((await endOf(turn)).terminalStatus, 'cancelled');
    assert.equal((await endOf(await add('turn', 'true'))).terminalStatus, 'completed');
  });

  it('a cancelled command ends, and the one behind it runs', async () => {
    const [turn, next] = [await add('turn', 'echo ready; sleep 300'), await add('turn', 'echo next')];
    await printed(turn, 'ready');
    await api.post(`/api/v1/commands/${turn.id}/cancel`, { reason: 'changed my mind' });
    assert.equal((await endOf(turn)).terminalStatus, 'cancelled');
    assert.equal((await endOf(next)).terminalStatus, 'completed');
  });

  it('a cancelled run ends with its reason, its runner and its agent', async () => {
    const turn = await add('turn', 'setsid sleep 300 & echo ready; sleep 300');
    await printed(turn, 'ready');
    await api.post(`/api/v1/runs/${runId}/cancel`, { reason: 'enough' });
    const run = await ended(`/api/v1/runs/${runId}`);
    assert.deepEqual([run.terminalStatus, run.failureMessage], ['cancelled', 'enough']);
    await eventually(
      async () => living().length,
      (count) => count === 0,
    );
  });

  it('a runner that is killed is replaced, and its turn runs again on the same thread', async () => {
    const turn = await add('turn', 'echo x >> log; [ $(wc -l < log) -gt 1 ] || { echo ready; sleep 300; }; cat log');
    await printed(turn, 'ready');
    const before = await api.get(`/api/v1/runs/${runId}`);
    for (const { pid } of living()) process.kill(pid, 'SIGKILL');
    const done = await endOf(turn);
    const run = await api.get(`/api/v1/runs/${runId}`);
    assert.deepEqual([done.terminalStatus, run.attempt, run.threadId], ['completed', 2, before.threadId]);
    assert.equal(await output(turn), 'ready\nx\nx\n');
  });
});
