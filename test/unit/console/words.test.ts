import assert from 'node:assert/strict';
import { whyWaiting } from '../../../src/console/model/queue-words.js';
import { EMPTY_TASK, taskFrom } from '../../../src/console/model/task-form.js';
import { age, amount, bytes, oneLine, plainLine, plural, spell } from '../../../src/console/model/times.js';
import { UsageMeter } from '../../../src/console/model/usage.js';
import type { QueueRecord, QueueStats } from '../../../src/contract/queue.js';
import { eventsOf } from './events.js';

describe('words of the console', () => {
  it('spell durations, ages and amounts shortly', () => {
    assert.deepEqual([0, 850, 1_500, 61_000, 3_900_000, 200_000_000].map(spell), [
      '0 ms',
      '850 ms',
      '1.5 s',
      '1 min',
      '1 h 5 min',
      '2 d',
    ]);
    const now = Date.parse('2026-01-01T00:00:00.000Z');
    assert.deepEqual(
      [1_000, 30_000, 600_000, 7_200_000].map((ms) => age(new Date(now - ms).toISOString(), now)),
      ['now', '30s', '10m', '2h'],
    );
    assert.deepEqual([950, 1_000, 48_210, 999_960, 1_250_000].map(amount), ['950', '1k', '48.2k', '1M', '1.3M']);
    assert.deepEqual([12, 2_048, 5_500_000].map(bytes), ['12 B', '2 kB', '5.2 MB']);
    assert.equal(plural(1, 'call') + plural(2, 'call'), '1 call2 calls');
  });

  it('take the marks of Markdown out of what stands on one line', () => {
    assert.equal(
      plainLine('## Done\n\n- `cart.js` took the **number** of items\n'),
      'Done cart.js took the number of items',
    );
  });

  it('take a terminal’s colours and breaks out of what stands on one line', () => {
    assert.equal(oneLine('\u001b[32m✔\u001b[0m one\n\n  two\t'), '✔ one two');
  });

  it('say why what waits in a queue waits', () => {
    const queue = (facts: Partial<QueueRecord>) => ({ paused: false, concurrency: 2, ...facts }) as QueueRecord;
    const stats = (waiting: Partial<QueueStats['waiting']>, longestSlotWaitMs: number | null = null) =>
      ({
        waiting: { forDispatch: 0, untilTime: 0, forSlot: 0, toRetry: 0, ...waiting },
        running: 0,
        longestSlotWaitMs,
      }) as QueueStats;
    assert.match(whyWaiting(queue({ paused: true }), stats({ forSlot: 3 })), /^Paused/);
    assert.equal(
      whyWaiting(queue({}), stats({ forSlot: 3 }, 90_000)),
      '3 tasks wait for a slot, the first of them for 1 min; all 2 are taken.',
    );
    assert.equal(
      whyWaiting(queue({}), stats({ toRetry: 1 })),
      'Nothing waits for a slot. Waiting: 1 to be tried again.',
    );
    assert.equal(whyWaiting(queue({}), stats({})), 'Idle.');
  });

  it('make of a form the task that the API takes, without what was left empty', () => {
    assert.deepEqual(
      taskFrom({
        ...EMPTY_TASK,
        prompt: 'do it',
        workspace: 'https://git.example.org/a.git#main',
        maxMinutes: '5',
        sessionId: ' s ',
      }),
      {
        prompt: 'do it',
        backendProfile: 'codex',
        tenantId: 'default',
        projectId: 'default',
        queue: 'default',
        workspaceRef: { kind: 'git', repoUrl: 'https://git.example.org/a.git', ref: 'main' },
        sessionRef: { sessionId: 's' },
        budget: { maxTokens: undefined, maxWallTimeMs: 300_000 },
        autoDispatch: true,
      },
    );
    assert.deepEqual(taskFrom({ ...EMPTY_TASK, prompt: 'x', workspace: '/srv/a' }).workspaceRef, {
      kind: 'path',
      path: '/srv/a',
    });
  });

  it('count tokens as agents tell them, and how fast they go', () => {
    const meter = new UsageMeter();
    const told = Array.from(
      { length: 11 },
      (_, index) =>
        [
          'token_usage',
          { totals: { totalTokens: index * 1_000 }, last: { totalTokens: 700 }, modelContextWindow: 9_000 },
        ] as const,
    );
    meter.append(eventsOf(told));
    assert.deepEqual(meter.usage, {
      totalTokens: 10_000,
      contextTokens: 700,
      contextWindow: 9_000,
      cost: null,
      tokensPerMinute: 60_000,
    });
  });
});
