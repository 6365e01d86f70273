import { ApplicationFailure } from '@temporalio/activity';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { createRunnerJobActivities } from '../../../activities/runner-jobs.js';
import { createTaskActivities } from '../../../activities/tasks.js';
import { missing, unavailable } from '../../../src/domain/errors.js';
import type { ProjectionResult, RunSnapshot } from '../../../src/domain/run-snapshot.js';

type JobPorts = Parameters<typeof createRunnerJobActivities>[0];
type TaskPorts = Parameters<typeof createTaskActivities>[0];

const SNAPSHOT = { runId: 'run_1', version: 3 } as RunSnapshot;
const ENDED = {
  taskId: 'task_1',
  runId: 'run_1',
  commandId: 'cmd_1',
  outcome: { status: 'completed', failureKind: null, message: null },
} as const;
const MISSING_RUN = 'run run_1 has no record';

/** What is done, in order; a Job is known to be launched by its run being read, which is not there. */
function playing(project: () => Promise<ProjectionResult>) {
  const done: string[] = [];
  const runs = {
    projectRun: async () => {
      done.push('written');
      return project();
    },
    getRun: async () => void done.push('launched'),
  };
  const jobs = { get: async () => void done.push('stopped') };
  const queueSignals = { commandEnded: async () => done.push('told') };
  const parts = { runs, jobs, queueSignals } as unknown as JobPorts;
  const activities = createRunnerJobActivities(parts);
  const within = async <T>(work: () => Promise<T>) =>
    new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') }).run(work);
  return {
    done,
    launch: async (snapshot?: RunSnapshot) =>
      within(async () => activities.launchRunnerJob({ runId: 'run_1', attempt: 1, jobId: 'rjob_1', snapshot })),
    stop: async (snapshot?: RunSnapshot) =>
      within(async () => activities.stopRunnerJob({ jobId: 'rjob_1', graceMs: 1, snapshot, ended: [ENDED] })),
  };
}

const answering = (result: ProjectionResult) => playing(async () => result);

describe('what a run decided, written along with work on its Jobs', () => {
  it('is written first', async () => {
    const written = answering('written');
    await assert.rejects(written.launch(SNAPSHOT), { message: MISSING_RUN });
    assert.deepEqual(written.done, ['written', 'launched']);
    const stale = answering('stale');
    assert.deepEqual(await stale.stop(SNAPSHOT), { written: 'stale', told: true });
    assert.deepEqual(stale.done, ['written', 'told', 'stopped'], 'tasks are told of what can be read');
  });

  it('lets no Job be made for a run that is another’s, or could not be written', async () => {
    const foreign = answering('foreign');
    assert.deepEqual(await foreign.launch(SNAPSHOT), { written: 'foreign', told: false });
    const refused = playing(async () => Promise.reject(missing('command', 'cmd_1')));
    assert.deepEqual(await refused.launch(SNAPSHOT), { written: 'refused', told: false });
    assert.deepEqual([foreign.done, refused.done], [['written'], ['written']]);
  });

  it('keeps no Job from being stopped, and tells nobody of what cannot be read', async () => {
    const refused = playing(async () => Promise.reject(missing('command', 'cmd_1')));
    assert.deepEqual(await refused.stop(SNAPSHOT), { written: 'refused', told: false });
    assert.deepEqual(refused.done, ['written', 'stopped']);
  });

  it('is tried again soon where the database is away, and nothing is done before', async () => {
    for (const begin of ['launch', 'stop'] as const) {
      const away = playing(async () => Promise.reject(unavailable('database')));
      await assert.rejects(away[begin](SNAPSHOT), (error) => {
        assert.ok(error instanceof ApplicationFailure && error.nonRetryable !== true, String(error));
        assert.deepEqual([error.type, error.nextRetryDelay], ['AgentRunError', 1_000]);
        return true;
      });
      assert.deepEqual(away.done, ['written']);
    }
  });

  it('is nothing where all was written before', async () => {
    const { done, stop } = answering('written');
    assert.deepEqual(await stop(), { told: true });
    assert.deepEqual(done, ['told', 'stopped']);
  });
});

describe('what a task decided, written along with its attempt', () => {
  it('is written first', async () => {
    const done: string[] = [];
    const project = async () => {
      done.push('written');
      return 'written' as const;
    };
    const get = async () => void done.push('started');
    const tasks = createTaskActivities({ tasks: { project }, operations: { tasks: { get } } } as unknown as TaskPorts);
    const snapshot = { taskId: 'task_1', version: 2 } as NonNullable<
      Parameters<typeof tasks.startTaskAttempt>[0]['snapshot']
    >;
    const environment = new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') });
    const starting = environment.run(async () => tasks.startTaskAttempt({ taskId: 'task_1', attempt: 1, snapshot }));
    await assert.rejects(starting, { nonRetryable: true });
    assert.deepEqual(done, ['written', 'started']);
  });
});
