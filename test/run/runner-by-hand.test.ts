import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RUNNER_PROGRAM, RUNNER_EXIT_CODES, RUNNER_VARIABLES as NAMES } from '../../src/domain/runner-program.js';
import { Api, eventually, type Loose } from '../support/api.js';
import { processesOfJob, untilEnded, untilPrinted } from '../support/live-runner.js';
import { startTestManager, type TestManager } from '../support/test-manager.js';
import { packageRoot } from '../../src/processes/package-root.js';

const LEASE_MS = 3_000;
const BY_HAND = `by-hand-${randomUUID()}`;
const RUNNER = join(packageRoot, RUNNER_PROGRAM);

/** Talks on and on the first time, and gets done the second time. */
const PROMPT = `echo begun >> log
  if [ -e mark ]; then echo done >> log; else touch mark; while true; do echo straggler; sleep 0.2; done; fi`;

describe('a runner of no Job that stands still past its lease', function () {
  this.timeout(60_000);
  let manager: TestManager;
  let api: Api;
  let folder: string;
  let runId: string;
  let turn: Loose;

  before(async function () {
    this.timeout(90_000);
    const settings = { AGENTRUN_RUNNER_LEASE_MS: String(LEASE_MS), AGENTRUN_RUNNER_IDLE_TIMEOUT_MS: '500' };
    manager = await startTestManager(settings);
    api = new Api(manager.url, manager.operatorToken);
    folder = await mkdtemp(join(tmpdir(), 'agentrun-workspace-'));
    runId = (await api.createRun({ workspaceRef: { kind: 'path', path: folder } })).id;
    turn = await api.addTurn(runId, PROMPT);
  });
  after(async () => {
    for (const { pid } of processesOfJob(BY_HAND)) process.kill(pid, 'SIGKILL');
    await manager.stop();
    await rm(folder, { recursive: true, force: true });
  });

  /** The second attempt did the turn, once, and nothing of the first came after the first was over. */
  async function assertDoneOnce(): Promise<void> {
    const run = await untilEnded(api, runId);
    assert.deepEqual([run.status, run.attempt], ['completed', 2]);
    const command = await api.get(`/api/v1/runs/${runId}/commands/${turn.id}`);
    assert.deepEqual([command.state, command.attempt], ['completed', 2]);
    assert.equal(await readFile(join(folder, 'log'), 'utf8'), 'begun\nbegun\ndone\n');
    const events = await api.events(runId);
    const over = events.findIndex(({ payload }) => payload.phase === 'attempt-lost');
    assert.equal(events[over].payload.reason, 'lease-expired');
    const later = events.slice(over).filter(({ type }) => type === 'command_output');
    assert.deepEqual(later, [], 'what the first agent still said is not taken');
    const ends = events.filter(({ payload }) => payload.phase === 'command-terminal');
    assert.equal(ends.length, 1);
  }

  it('finds out by itself when it goes on: it is refused, ends its agent and itself', async () => {
    const runner = startByHand(manager, runId, folder);
    const exited = once(runner, 'exit');
    await untilPrinted(api, turn, 'straggler');
    runner.kill('SIGSTOP');
    await eventually(
      async () => api.get(`/api/v1/runs/${runId}`),
      ({ attempt }) => attempt === 2,
    );
    await api.post(`/api/v1/runs/${runId}/runner-jobs`);
    await untilEnded(api, runId);
    assert.ok(processesOfJob(BY_HAND).length > 1, 'its agent went on all the time');
    runner.kill('SIGCONT');
    const [code] = await exited;
    assert.equal(code, RUNNER_EXIT_CODES['attempt-over']);
    assert.deepEqual(processesOfJob(BY_HAND), []);
    await assertDoneOnce();
  });
});

/** The runner program as anybody could start it, in no Job. */
function startByHand(manager: TestManager, runId: string, folder: string): ChildProcess {
  const env = {
    PATH: process.env['PATH'],
    [NAMES.managerUrl]: manager.url,
    [NAMES.runId]: runId,
    [NAMES.runnerId]: 'by-hand',
    [NAMES.jobName]: BY_HAND,
    [NAMES.volumeDir]: join(folder, 'volume'),
    [NAMES.leaseMs]: String(LEASE_MS),
    [NAMES.logLevel]: 'fatal',
  };
  const child = spawn(process.execPath, [RUNNER], { env, stdio: ['pipe', 'ignore', 'inherit'] });
  child.stdin?.end(`${JSON.stringify({ runnerToken: manager.operatorToken })}\n`);
  return child;
}
