import { ApplicationFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { setImmediate } from 'node:timers/promises';
import { PlatformPlaces } from '../../../activities/platform-places.js';
import { createSessionActivities } from '../../../activities/sessions.js';

const isBusy = (error: unknown) => {
  assert.ok(error instanceof ApplicationFailure);
  assert.deepEqual([error.type, error.nonRetryable], ['platform-busy', false]);
  assert.ok(Number(error.nextRetryDelay) >= 2_500);
  return true;
};

/** Work that ends when it is told to. */
class Hanging {
  readonly ends: (() => void)[] = [];
  readonly work = async () => new Promise<void>((resolve) => this.ends.push(resolve));
}

describe('calls of a platform that hang', () => {
  it('take the places that they have and no more; a few wait in their order, the others come again', async () => {
    const places = new PlatformPlaces({ places: 2, waiting: 1, waitMs: 60_000 });
    const hanging = new Hanging();
    const under = [1, 2, 3].map(async () => places.hold(hanging.work));
    await assert.rejects(places.hold(hanging.work), isBusy);
    assert.equal(hanging.ends.length, 2);
    hanging.ends[0]?.();
    await under[0];
    await setImmediate();
    assert.equal(hanging.ends.length, 3, 'the one that waited has begun');
    for (const end of hanging.ends) end();
    await Promise.all(under);
    assert.equal(await places.hold(async () => 'free'), 'free');
  });

  it('are not waited for without end, and what fails leaves its place', async () => {
    const places = new PlatformPlaces({ places: 1, waiting: 1, waitMs: 20 });
    const hanging = new Hanging();
    const first = places.hold(hanging.work);
    await assert.rejects(places.hold(hanging.work), isBusy);
    hanging.ends[0]?.();
    await first;
    await assert.rejects(
      places.hold(async () => Promise.reject(new Error('refused'))),
      /refused/,
    );
    assert.equal(await places.hold(async () => 'free'), 'free');
  });

  it('leave the activities of a worker room for others: those beyond are refused at once', async () => {
    const places = new PlatformPlaces({ places: 3, waiting: 0, waitMs: 60_000 });
    const hanging = new Hanging();
    const platform = { volumes: { delete: hanging.work, describe: async () => undefined } };
    const ports = { platform, sessions: {} } as unknown as Parameters<typeof createSessionActivities>[0];
    const activities = createSessionActivities(ports, places);
    const run = async () =>
      new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') }).run(async () =>
        activities.deleteSessionVolume({ sessionId: 'one' }),
      );
    const under = [1, 2, 3].map(run);
    await assert.rejects(run(), isBusy);
    for (const end of hanging.ends) end();
    await Promise.all(under);
  });
});
