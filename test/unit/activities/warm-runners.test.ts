import assert from 'node:assert/strict';
import { DefaultLogger } from '@temporalio/worker';
import { MockActivityEnvironment } from '@temporalio/testing';
import { describe, it } from 'mocha';
import { setTimeout as delay } from 'node:timers/promises';
import { createWarmRunnerActivities } from '../../../activities/warm-runners.js';

type Ports = Parameters<typeof createWarmRunnerActivities>[0];

/** A worker without pools, and nothing left of any. */
function portsOf(stopping: AbortSignal): Ports {
  return {
    platform: { warm: {} },
    warmRunners: { forgetUsed: async () => undefined, isEmpty: async () => true },
    warm: { pools: [], maxAgeMs: 1_000 },
    wakeups: {
      subscribe: () => ({
        next: async (ms: number, signal: AbortSignal) => delay(ms, undefined, { signal }).catch(() => undefined),
        close: () => undefined,
      }),
    },
    stopping,
    log: () => undefined,
  } as unknown as Ports;
}

const keep = async (ports: Ports, lingerMs?: number) => {
  const activities = createWarmRunnerActivities(ports, lingerMs);
  const environment = new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') });
  return environment.run(async () => activities.keepRunnersWarm());
};

describe('keeping runners warm on a worker that has none to keep', () => {
  it('is handed on when that worker is replaced: the next may have some', async () => {
    const stopping = new AbortController();
    setTimeout(() => stopping.abort(), 50);
    assert.equal(await keep(portsOf(stopping.signal)), false);
  });

  it('is over when it stays so', async () => {
    assert.equal(await keep(portsOf(new AbortController().signal), 0), true);
  });
});
