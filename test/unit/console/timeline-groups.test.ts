import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { TimelineEntry } from '../../../src/client/index.js';
import { timelineGroups } from '../../../src/console/model/timeline-groups.js';

const START_MS = Date.parse('2026-01-01T00:00:00.000Z');

function entry(afterMs: number, attempt: number | null, more: Partial<TimelineEntry> = {}): TimelineEntry {
  const at = new Date(START_MS + afterMs).toISOString();
  return {
    at,
    attempt,
    kind: 'run',
    source: 'records',
    text: `${afterMs}`,
    isTrouble: false,
    times: 1,
    runId: null,
    ...more,
  };
}

describe('a timeline in the console', () => {
  it('has a group for what was before the first attempt, and one for each attempt', () => {
    const timeline = [entry(0, null), entry(5, 1), entry(1_500, null), entry(2_000, 2), entry(2_500, 1)];
    const groups = timelineGroups({ timeline, omitted: 0 });
    assert.deepEqual(
      groups.map(({ attempt, lines }) => [attempt, lines.map(({ text }) => text)]),
      [
        [null, ['0']],
        [1, ['5', '1500']],
        [2, ['2000', '2500']],
      ],
    );
  });

  it('counts from the beginning, and says what is under way now and how often something happened', () => {
    const timeline = [entry(0, 1), entry(1_200, 1, { times: 3 }), entry(9_000, 1, { kind: 'waiting' })];
    const [group] = timelineGroups({ timeline, omitted: 0 });
    assert.deepEqual(
      group?.lines.map(({ when, text }) => [when, text]),
      [
        ['0', '0'],
        ['+1.2 s', '1200 (3 times, last here)'],
        ['now', '9000'],
      ],
    );
  });

  it('says where something was left out: behind the first forty', () => {
    const timeline = Array.from({ length: 60 }, (_, index) => entry(index, 1));
    const lines = timelineGroups({ timeline, omitted: 7 }).flatMap((group) => group.lines);
    assert.deepEqual(
      lines.flatMap(({ omitted }, index) => (omitted > 0 ? [[index, omitted]] : [])),
      [[39, 7]],
    );
  });
});
