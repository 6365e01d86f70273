import assert from 'node:assert/strict';
import { Api, eventually, type Loose } from '../support/api.js';
import { processesOfJob, readWorkspace, runnerOfJob, untilEnded, untilPrinted } from '../support/live-runner.js';
import { startTestManager, type TestManager } from '../support/test-manager.js';

const BACKOFF_MS = 500;
/** From the death of a runner to its successor at work: seeing it, the backoff, starting a process; the rest is for a busy machine. */
const REPLACED_MS = BACKOFF_MS + 8_000;

/** Sleeps the first time, with a helper outside its group, and gets done the second time. */
const PROMPT = `echo begun >> log; echo begun
  if [ -e mark ]; then echo done >> log; else touch mark; setsid sleep 300 & sleep 300; fi`;

describe('a runner that is killed in the middle of a turn', function () {
  this.timeout(60_000);
  let manager: TestManager;
  let api: Api;

  before(async function () {
    this.timeout(90_000);
    manager = await startTestManager({ AGENTRUN_RUNNER_IDLE_TIMEOUT_MS: '500' });
    api = new Api(manager.url, manager.operatorToken);
  });
  after(async () => manager.stop());

  const jobsOf = async (runId: string): Promise<Loose[]> => (await api.get(`/api/v1/runs/${runId}/runner-jobs`)).items;

  /** Kills as told and follows the run to its end. */
  async function survives(kill: (jobName: string) => void): Promise<{ run: Loose; events: Loose[]; jobs: Loose[] }> {
    const { id: runId } = await api.createRun({ retryPolicy: { maxAttempts: 2, backoffMs: BACKOFF_MS } });
    const turn = await api.addTurn(runId, PROMPT);
    const { jobName } = await api.post(`/api/v1/runs/${runId}/runner-jobs`, { commandId: turn.id });
    await untilPrinted(api, turn, 'begun');
    await eventually(
      async () => processesOfJob(jobName),
      (all) => all.length >= 5,
    );
    const killedAtMs = Date.now();
    kill(jobName);
    const events = await eventually(
      async () => api.events(runId),
      (all) => all.some(({ payload }) => payload.phase === 'turn/started' && payload.attempt === 2),
    );
    const tookMs = Date.now() - killedAtMs;
    assert.ok(tookMs < REPLACED_MS, `${tookMs} ms`);
    assert.deepEqual(processesOfJob(jobName), [], 'nothing of the first is left');
    const run = await untilEnded(api, runId);
    assert.deepEqual([run.status, run.attempt], ['completed', 2], JSON.stringify(run));
    assert.equal((await api.get(`/api/v1/runs/${runId}/commands/${turn.id}`)).state, 'completed');
    assert.equal(await readWorkspace(manager.dataDir, runId, 'log'), 'begun\nbegun\ndone\n');
    const jobs = await eventually(
      async () => jobsOf(runId),
      (all) => all.every(({ terminal }) => terminal),
    );
    assert.deepEqual(
      jobs.map(({ attempt }) => attempt),
      [1, 2],
      'one Job for each attempt',
    );
    assert.deepEqual(
      events.map(({ seq }) => seq),
      events.map((_, index) => index + 1),
    );
    return { run, events, jobs };
  }

  const lossOf = (events: Loose[]) => events.find(({ payload }) => payload.phase === 'attempt-lost').payload;

  it('is replaced in seconds, and the next attempt does the turn', async () => {
    const { events, jobs } = await survives((jobName) => process.kill(runnerOfJob(jobName).runner.pid, 'SIGKILL'));
    assert.deepEqual([jobs[0].status, jobs[0].reason, jobs[0].exitCode], ['failed', 'killed', 137]);
    const { reason, willRetry, attempt } = lossOf(events);
    assert.deepEqual([reason, willRetry, attempt], ['runner-exited', true, 1]);
  });

  it('is replaced as well when nothing is left to say how it ended', async () => {
    const { jobs, events } = await survives((jobName) => process.kill(-runnerOfJob(jobName).wrapper.pid, 'SIGKILL'));
    assert.deepEqual([jobs[0].status, jobs[0].reason], ['lost', 'vanished']);
    assert.equal(lossOf(events).reason, 'runner-exited');
  });
});
