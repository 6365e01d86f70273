import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { signedClaimTokens } from '../../src/auth/runner-tokens.js';
import {
  RUNNER_EXIT_CODES,
  RUNNER_PROGRAM,
  RUNNER_VARIABLES as NAMES,
  warmVariables,
} from '../../src/domain/runner-program.js';
import type { RunnerJobView, RunnerLaunch, WarmLaunch, WarmRunners } from '../../src/ports/runner-platform.js';
import { packageRoot } from '../../src/processes/package-root.js';
import { Api, eventually, type Loose } from '../support/api.js';
import { processesOfJob, untilEnded, untilPrinted } from '../support/live-runner.js';
import { startTestManager, type TestManager } from '../support/test-manager.js';
import { withParts } from '../support/with-parts.js';

const RUNNER = join(packageRoot, RUNNER_PROGRAM);
const STARTING = { runId: '', attempt: 0, status: 'starting', reason: null, exitCode: null, message: null } as const;
const ASK = '/api/v1/runners/assignment';

/** Warm runners as processes of this machine: real runner programs, as a platform with slow starts has them in Pods. */
class WarmProcesses implements WarmRunners {
  readonly launched: { launch: WarmLaunch; process: ChildProcess }[] = [];
  assignFails = false;

  constructor(private readonly volumesDir: () => string) {}

  digest(): string {
    return 'always the same';
  }

  async launch(launch: WarmLaunch): Promise<RunnerJobView> {
    const volumeDir = join(this.volumesDir(), launch.volumeName);
    const place = { volumeDir, namespace: 'local', placement: 'test' };
    const env = {
      PATH: process.env['PATH'],
      ...warmVariables(launch, place),
      [NAMES.pollWaitMs]: '2000',
      [NAMES.idleTimeoutMs]: '500',
      [NAMES.logLevel]: 'silent',
    };
    const runner = spawn(process.execPath, [RUNNER], { env, stdio: ['pipe', 'ignore', 'inherit'] });
    runner.stdin.end(`${JSON.stringify({ runnerToken: launch.claimToken, secrets: {} })}\n`);
    this.launched.push({ launch, process: runner });
    return { ...STARTING, jobName: launch.jobName };
  }

  async assign(launch: RunnerLaunch): Promise<RunnerLaunch | undefined> {
    return this.assignFails ? undefined : launch;
  }

  of(jobName: string) {
    return this.launched.find(({ launch }) => launch.jobName === jobName);
  }

  kill(): void {
    for (const { process: runner } of this.launched) runner.kill('SIGKILL');
  }
}

describe('a runner that waits for its run', function () {
  this.timeout(60_000);
  let manager: TestManager;
  let api: Api;
  let warm: WarmProcesses;

  before(async function () {
    this.timeout(90_000);
    warm = new WarmProcesses(() => join(manager.dataDir, 'volumes'));
    manager = await startTestManager(
      {
        AGENTRUN_PLATFORM: 'kubernetes',
        AGENTRUN_WARM_RUNNERS_JSON: '[{"backend":"exec","size":2}]',
        AGENTRUN_RUNNER_IDLE_TIMEOUT_MS: '500',
      },
      { platform: (platform) => withParts(platform, { warm }) },
    );
    api = new Api(manager.url, manager.operatorToken);
  });
  after(async () => {
    warm.kill();
    for (const { launch } of warm.launched)
      for (const { pid } of processesOfJob(launch.jobName)) process.kill(pid, 'SIGKILL');
    await manager.stop();
  });

  const ready = async () =>
    eventually(
      async () =>
        manager.database.query<{ id: string; job_name: string }>(
          `SELECT id, job_name FROM warm_runners WHERE state = 'waiting' AND asked_at IS NOT NULL`,
        ),
      (rows) => rows.length === 2,
    );
  const start = async (prompt: string, given: Loose = {}) => {
    const run = await api.createRun({ endsWithTurn: true, ...given });
    const turn = await api.addTurn(run.id, prompt);
    await api.post(`/api/v1/runs/${run.id}/runner-jobs`);
    return { run, turn };
  };
  const jobOf = async (runId: string): Promise<Loose> => (await api.get(`/api/v1/runs/${runId}/runner-jobs`)).items[0];
  const ask = async (token: string | undefined, instance = randomBytes(16).toString('hex')) => {
    const { status, body } = await api.as(token).request('POST', ASK, { instance });
    return { status, body };
  };

  it('does it, and is gone', async () => {
    await ready();
    const { run, turn } = await start('echo done');
    await untilPrinted(api, turn, 'done');
    const job = await jobOf(run.id);
    assert.equal(job['start'], 'warm');
    const used = warm.of(job['jobName']);
    assert.ok(used !== undefined);
    assert.equal((await untilEnded(api, run.id)).status, 'completed');
    await eventually(
      async () => used.process.exitCode,
      (code) => code === 0,
    );
    const fresh = await ready();
    assert.ok(fresh.every(({ id }) => id !== used.launch.warmRunnerId));
    const { timeline } = await api.get(`/api/v1/runs/${run.id}/explain`);
    assert.ok(timeline.some(({ text }: Loose) => /a runner that waited took it/.test(text)));
  });

  it('has a token that works for its process only, once, and for nothing else', async () => {
    const [waiting] = await ready();
    const { launch } = warm.of(waiting?.job_name ?? '')!;
    const mine = await ask(launch.claimToken);
    assert.deepEqual([mine.status, mine.body.failureKind], [409, 'schema-invalid']);
    for (const path of ['/api/v1/runs', `/api/v1/runners/register`]) {
      assert.equal((await api.as(launch.claimToken).request('POST', path, {})).status, 401, path);
    }
    assert.equal((await api.as(launch.claimToken).request('GET', '/api/v1/runs')).status, 401);
    const { run, turn } = await start('echo begun; sleep 60');
    await untilPrinted(api, turn, 'begun');
    const used = warm.of((await jobOf(run.id))['jobName'])!;
    assert.equal((await ask(used.launch.claimToken)).status, 409);
    await api.post(`/api/v1/runs/${run.id}/cancel`);
    await untilEnded(api, run.id);
    await eventually(
      async () => (await ask(used.launch.claimToken)).status,
      (status) => status === 401,
    );
  });

  it('is asked for by nobody else', async () => {
    const runner = await api.createRun();
    const claimed = await api.post(`/api/v1/runs/${runner.id}/claim`, { runnerId: 'foreign' });
    const unknown = await signedClaimTokens(manager.keys.runnerTokenKey).issue('wrm_0123456789');
    const forged = await signedClaimTokens(randomBytes(32)).issue('wrm_0123456789');
    for (const token of [undefined, 'x', manager.operatorToken, claimed.runnerToken, unknown, forged])
      assert.equal((await ask(token)).status, 401);
    const { status, body } = await api.as(unknown).request('POST', ASK, { instance: 'short' });
    assert.deepEqual([status, body.error.details.field], [400, 'instance']);
    await api.post(`/api/v1/runs/${runner.id}/cancel`);
  });

  it('is left aside where it cannot be given the run: the run starts its own', async () => {
    await ready();
    warm.assignFails = true;
    const { run, turn } = await start('echo alone');
    await untilPrinted(api, turn, 'alone');
    warm.assignFails = false;
    assert.equal((await jobOf(run.id))['start'], 'cold');
    assert.equal((await untilEnded(api, run.id)).status, 'completed');
    await ready();
  });

  it('goes when it is not wanted any more', async () => {
    const [waiting] = await ready();
    const { process: runner } = warm.of(waiting?.job_name ?? '')!;
    const exited = once(runner, 'exit');
    await manager.database.query(`UPDATE warm_runners SET spec = 'made from something else' WHERE id = $1`, [
      waiting?.id,
    ]);
    const [code] = await exited;
    assert.equal(code, RUNNER_EXIT_CODES['not-needed']);
    await ready();
  });
});
