import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { ThreadUsage } from '../../../src/runner/backends/codex/token-usage.js';
import { TurnStory } from '../../../src/runner/backends/codex/turn-story.js';

const patch = (line: number) => `diff --git a/f b/f\n--- a/f\n+++ b/f\n@@ -1 +1 @@\n-0\n+${line}\n`;

describe("a codex turn's diff", () => {
  let nowMs: number;
  let story: TurnStory;

  beforeEach(() => {
    nowMs = 0;
    const options = {
      usage: new ThreadUsage(),
      failure: () => ({ failureKind: null, message: null }),
      providerFacts: () => ({}),
      redact: (text: string) => text,
      nowMs: () => nowMs,
    };
    story = new TurnStory({ commandId: 'cmd', threadId: 'thread', turnId: 'turn' }, options);
  });

  const told = (events: ReturnType<TurnStory['take']>) =>
    events.filter(({ type }) => type === 'diff').map(({ payload }) => payload['diff']);
  /** Codex edits, tells the whole diff, and then that the edit is over. */
  const edit = (line: number) => {
    const change = { type: 'fileChange', id: `item-${line}`, changes: [], status: 'completed' };
    story.take({ method: 'turn/diff/updated', params: { diff: patch(line) } });
    return told(story.take({ method: 'item/completed', params: { item: change } }));
  };

  it('is told when it is there, then at most every ten seconds, and the last one at the end', () => {
    assert.deepEqual(edit(1), [patch(1)]);
    nowMs = 4_000;
    assert.deepEqual(edit(2), []);
    nowMs = 9_999;
    assert.deepEqual(edit(3), []);
    nowMs = 10_000;
    assert.deepEqual(edit(4), [patch(4)]);
    nowMs = 11_000;
    assert.deepEqual(edit(5), []);
    assert.deepEqual(told(story.end({ isDead: false })), [patch(5)]);
  });

  it('is not told again while it is the same, however much time has passed', () => {
    assert.deepEqual(edit(1), [patch(1)]);
    nowMs = 60_000;
    assert.deepEqual(edit(1), []);
    assert.deepEqual(told(story.end({ isDead: false })), []);
  });
});
