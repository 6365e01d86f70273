import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'mocha';
import {
  closeEarlierRuns,
  closeGoneRuns,
  closeIfGone,
  stopOverdue,
  type GoneRunPorts,
} from '../../../activities/gone-runs.js';
import type { RunRecord } from '../../../src/contract/run.js';
import type { RunnerJobRecord } from '../../../src/contract/runner.js';
import type { RunnerJobStatus } from '../../../src/domain/runner-job-status.js';
import type { OperationContext } from '../../../src/operations/context.js';
import { attemptOutcome } from '../../../src/operations/tasks/attempt-outcome.js';

const SESSION = 'sess-1';

interface Row {
  readonly id: string;
  readonly sessionId: string;
  readonly workflowId: string;
  status: 'running' | 'failed' | 'completed';
}

/** In memory, and a platform that cannot stop what it is told not to. */
describe('runs whose workflow is gone', () => {
  let rows: Row[];
  let jobs: Record<string, RunnerJobStatus>;
  let live: string[];
  let known: string[];
  let unstoppable: string[];
  let stopped: string[];
  let logged: string[];
  let ended: () => void;

  beforeEach(() => {
    [rows, jobs, live, known, unstoppable, stopped, logged] = [[], {}, [], [], [], [], []];
    ended = () => undefined;
  });

  const run = (id: string, status: RunnerJobStatus = 'running') => {
    rows.push({ id, sessionId: SESSION, workflowId: `session:${SESSION}`, status: 'running' });
    jobs[id] = status;
  };
  const statusOf = (id: string) => rows.find((row) => row.id === id)?.status;
  const runs = {
    listRuns: async ({ status, isOpen }: { status?: string; isOpen?: boolean }) => ({
      items: rows
        .filter((row) => (status === undefined || row.status === status) && (!isOpen || row.status === 'running'))
        .map((row) => ({ ...row })),
    }),
    getRun: async (id: string) => rows.find((row) => row.id === id),
    /** Each run has one, of its own id. */
    getCommand: async (runId: string) => {
      const isOpen = statusOf(runId) === 'running';
      return { runId, state: isOpen ? 'acknowledged' : 'failed', failureKind: 'infra-failed', failureMessage: null };
    },
    closeOrphan: async (id: string) => {
      for (const row of rows) if (row.id === id) row.status = 'failed';
    },
  };
  const ports = () =>
    ({
      runs,
      operations: {
        runs,
        gateway: {
          isKnown: async (address: { id: string }) => known.includes(address.id),
          isLive: async (_: unknown, id: string) => {
            ended();
            return live.includes(id);
          },
        },
      },
      jobs: {
        list: async ({ runId }: { runId: string }) => [{ jobName: `job-${runId}`, runId, status: jobs[runId] }],
        listLeftBehind: async ({ besideRunId }: { besideRunId: string }) =>
          rows
            .filter(({ id, status }) => id !== besideRunId && status !== 'running' && jobs[id] === 'running')
            .map(({ id: runId }) => ({ jobName: `job-${runId}`, runId, status: jobs[runId] })),
        observe: async ({ runId, status }: { runId: string; status: RunnerJobStatus }) => void (jobs[runId] = status),
      },
      platform: {
        stop: async (jobName: string) => {
          if (unstoppable.includes(jobName)) throw new Error(`no word of ${jobName}`);
          stopped.push(jobName);
        },
      },
      log: (message: string, facts: Record<string, unknown>) =>
        void logged.push(`${message}: ${facts['runId'] as string}`),
    }) as unknown as GoneRunPorts;

  it('are ended once what works for them is stopped, also where it is only starting', async () => {
    for (const status of ['pending', 'starting', 'running', 'succeeded'] as const) run(status, status);
    assert.equal(await closeGoneRuns(ports()), 4);
    assert.deepEqual(stopped, ['job-pending', 'job-starting', 'job-running']);
    assert.ok(rows.every(({ status }) => status === 'failed'));
  });

  it('are left alone where Temporal never knew of most of them: it is another one', async () => {
    for (let n = 0; n < 12; n += 1) run(`run-${n}`);
    live = ['run-0'];
    assert.equal(await closeGoneRuns(ports()), 0);
    assert.deepEqual(stopped, []);
    assert.match(logged.join(), /is it the right one/);
    // Somebody ended them: that is remembered.
    known = ['run-3'];
    assert.equal(await closeGoneRuns(ports()), 11);
  });

  it('are looked for again where their runner could not be stopped: it may still work in the session’s volume', async () => {
    run('earlier');
    unstoppable = ['job-earlier'];
    await assert.rejects(closeEarlierRuns(ports(), SESSION, 'next'), /no word of job-earlier/);
    assert.equal(statusOf('earlier'), 'running');
    unstoppable = [];
    await closeEarlierRuns(ports(), SESSION, 'next');
    assert.deepEqual([stopped, statusOf('earlier')], [['job-earlier'], 'failed']);
  });

  it('leave no Job to the session’s next run, also where their end is written', async () => {
    for (const id of ['ended', 'next']) run(id);
    for (const row of rows) if (row.id === 'ended') row.status = 'failed';
    unstoppable = ['job-ended'];
    await assert.rejects(closeEarlierRuns(ports(), SESSION, 'next'), /no word of job-ended/);
    unstoppable = [];
    await closeEarlierRuns(ports(), SESSION, 'next');
    await closeEarlierRuns(ports(), SESSION, 'next');
    assert.deepEqual([stopped, jobs['ended']], [['job-ended'], 'lost']);
  });

  it('are ended for the task that asks what became of them, once what works for them is stopped', async () => {
    run('attempt');
    const context = { runs } as unknown as Pick<OperationContext, 'runs'>;
    const outcome = async () =>
      attemptOutcome(context, 'attempt', async (record: RunRecord) => closeIfGone(ports(), record));
    live = ['attempt'];
    assert.equal(await outcome(), null);
    live = [];
    unstoppable = ['job-attempt'];
    await assert.rejects(outcome(), /no word of job-attempt/);
    assert.equal(statusOf('attempt'), 'running', 'it is found again');
    unstoppable = [];
    assert.equal((await outcome())?.failureKind, 'infra-failed');
    assert.deepEqual([stopped, jobs['attempt']], [['job-attempt'], 'lost']);
  });

  it('leave no Job to its deadline; one of a workflow that lives is its own to stop', async () => {
    for (const id of ['ending', 'ended']) run(id);
    for (const row of rows) row.status = 'failed';
    live = ['ending'];
    for (const { id: runId } of rows) await stopOverdue(ports(), { jobName: `job-${runId}`, runId } as RunnerJobRecord);
    assert.deepEqual([stopped, jobs['ending'], jobs['ended']], [['job-ended'], 'running', 'lost']);
  });

  it('do not hold each other up', async () => {
    run('stuck');
    run('gone');
    unstoppable = ['job-stuck'];
    assert.equal(await closeGoneRuns(ports()), 1);
    assert.deepEqual([statusOf('stuck'), statusOf('gone')], ['running', 'failed']);
    assert.ok(logged.includes('a run whose workflow is gone could not be closed yet: stuck'), logged.join('\n'));
  });

  it('are not those that live, nor those that end just then', async () => {
    run('lives');
    run('ends');
    live = ['lives'];
    ended = () => {
      for (const row of rows) if (row.id === 'ends') row.status = 'completed';
    };
    assert.equal(await closeGoneRuns(ports()), 0);
    assert.deepEqual([stopped, statusOf('lives'), statusOf('ends')], [[], 'running', 'completed']);
  });
});
