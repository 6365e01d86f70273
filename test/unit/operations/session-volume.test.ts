import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { createRunnerJobActivities } from '../../../activities/runner-jobs.js';

/** What fails here is meant to, and need not be logged. */
const quietActivity = () => new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') });

type Ports = Parameters<typeof createRunnerJobActivities>[0];

/** When the session's storage is given up, if at all. */
type GivenUp = 'never' | 'before' | 'meanwhile';

/** A run of a session whose storage is, or is not, to be had; and what is done about its volume. */
function portsWith(givenUp: GivenUp) {
  const done: string[] = [];
  const run = {
    id: 'run_1',
    tenantId: 'acme',
    backendProfile: 'exec',
    attempt: 1,
    workspaceRef: { kind: 'none' },
    sessionRef: { sessionId: 'talk' },
  };
  const record = { runnerId: 'rnr_1', jobName: 'job', attemptId: 'attempt-1' };
  const ports = {
    runs: {
      getRun: async () => ({ ...run, executionPolicy: {} }),
      listRuns: async () => ({ items: [] }),
      volumeName: async () => 'v',
    },
    warmRunners: { take: async () => undefined },
    warm: { pools: [] },
    jobs: {
      list: async () => [],
      listLeftBehind: async () => [],
      get: async () => record,
      request: async () => record,
      observe: async () => undefined,
    },
    sessions: {
      expectVolume: async () => {
        done.push('expected');
        return givenUp !== 'before';
      },
      volumeEnsured: async () => (givenUp === 'never' ? { pvcName: 'v' } : undefined),
      readStorage: async () => ({ pvcName: 'v' }),
    },
    backends: { get: async () => ({ kind: 'exec' }) },
    tokens: { issue: async () => 'token' },
    managerUrl: 'http://127.0.0.1:1',
    platform: {
      jobNamePrefix: 'p',
      namespace: 'local',
      volumes: {
        ensure: async () => {
          done.push('made');
          return { phase: 'Bound' };
        },
        delete: async () => void done.push('deleted'),
      },
      launch: async () => void done.push('launched'),
    },
  } as unknown as Ports;
  return { ports, done };
}

describe('the launch of a session’s run', () => {
  const job = { runId: 'run_1', attempt: 1, jobId: 'rjob_1' };
  const launch = async (ports: Ports) =>
    quietActivity().run(async () => createRunnerJobActivities(ports).launchRunnerJob(job));

  it('goes on with the session’s volume, which was recorded before it was made', async () => {
    const { ports, done } = portsWith('never');
    await launch(ports);
    assert.deepEqual(done, ['expected', 'made', 'launched']);
  });

  const refused = { nonRetryable: true, type: 'session-store-evicted' };

  it('is refused for good where the session’s storage was given up, and makes no volume then', async () => {
    const { ports, done } = portsWith('before');
    await assert.rejects(launch(ports), refused);
    assert.deepEqual(done, ['expected']);
  });

  it('is refused for good where the storage is given up as its volume is made, and leaves none behind', async () => {
    const { ports, done } = portsWith('meanwhile');
    await assert.rejects(launch(ports), refused);
    assert.deepEqual(done, ['expected', 'made', 'deleted']);
  });
});
