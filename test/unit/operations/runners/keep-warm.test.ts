import assert from 'node:assert/strict';
import { keepWarm, type KeepWarmParts } from '../../../../src/operations/runners/keep-warm.js';
import type { WarmRunner } from '../../../../src/ports/warm-runner-store.js';

const STUCK: WarmRunner = {
  id: 'wrm_stuck',
  backendProfile: 'exec',
  spec: 'spec',
  jobName: 'stuck',
  volumeName: 'stuck',
  state: 'leaving',
  ageMs: 1,
  askedAgoMs: null,
  hasAsked: false,
};

describe('a pass over the pools of warm runners', () => {
  it('makes what is missing beside one that cannot be removed, and tries to remove that once at a time', async () => {
    const [stopped, made]: [string[], string[]] = [[], []];
    // The platform takes its time for this one: longer than the test.
    const parts = {
      platform: {
        jobNamePrefix: 'test',
        list: async () => [],
        stop: async (jobName: string) => {
          stopped.push(jobName);
          await new Promise(() => undefined);
        },
        volumes: { ensure: async () => undefined },
        warm: {
          digest: () => 'digest',
          launch: async ({ jobName }: { jobName: string }) => void made.push(jobName),
        },
        secrets: { read: async () => undefined },
      },
      warmRunners: {
        forgetUsed: async () => undefined,
        isEmpty: async () => false,
        list: async () => [STUCK],
        failures: async () => [],
        add: async () => undefined,
      },
      backends: { get: async () => ({ name: 'exec', kind: 'exec' }) },
      claimTokens: { issue: async () => 'token' },
      warm: { pools: [{ backendProfile: 'exec', size: 1 }], maxAgeMs: 60_000 },
      runnerRetention: undefined,
      managerUrl: 'http://127.0.0.1:9',
      log: () => undefined,
      leaving: new Set(),
    } as unknown as KeepWarmParts;
    for (let pass = 0; pass < 3; pass += 1) assert.equal(await keepWarm(parts), false);
    assert.deepEqual([stopped, made.length], [['stuck'], 3]);
  });
});
