import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { EventRecord } from '../../../src/contract/event.js';
import type { SessionRecord } from '../../../src/contract/session.js';
import type { OperationContext } from '../../../src/operations/context.js';
import { sessionTrace } from '../../../src/operations/sessions/session-events.js';
import type { EventQuery } from '../../../src/ports/event-store.js';

const OPERATOR = { kind: 'operator', name: 'op', tenants: 'all' } as const;
const TEXT = 'x'.repeat(200_000);

/** A session whose two runs have so many events of 200 kB each; more than one page holds. */
function sessionOf(counts: Record<string, number>): OperationContext {
  const runIds = Object.keys(counts);
  const event = (runId: string, seq: number): EventRecord => ({
    id: `evt_${runId}${seq}`,
    runId,
    seq,
    type: 'assistant_message',
    payload: { text: TEXT },
    createdAt: new Date(0).toISOString(),
  });
  const page = async ({ runId, afterSeq, limit }: EventQuery) =>
    Array.from({ length: counts[runId] ?? 0 }, (_, n) => event(runId, n + 1))
      .filter(({ seq }) => seq > afterSeq)
      .slice(0, limit);
  const listRunIds = async (_id: string, { fromRunId }: { fromRunId?: string }) =>
    runIds.slice(fromRunId === undefined ? 0 : runIds.indexOf(fromRunId));
  const session = { sessionId: 'talk', lastRunId: runIds.at(-1) } as SessionRecord;
  return { events: { page }, sessions: { listRunIds, get: async () => session } } as unknown as OperationContext;
}

describe('the events of a session', () => {
  it('come whole, in order and page by page, also where a run has more than a page holds', async () => {
    const context = sessionOf({ run_a: 70, run_b: 30, run_c: 30 });
    const seen: string[] = [];
    let cursor: string | undefined;
    let pages = 0;
    do {
      const query = { sessionId: 'talk', afterSeq: 0, limit: 500, cursor };
      const page = await sessionTrace(context, OPERATOR, query);
      assert.ok(JSON.stringify(page).length < 20 * 1024 * 1024, 'no page is larger than about one page of events');
      seen.push(...page.items.map(({ runId, seq }) => `${runId}/${seq}`));
      cursor = page.nextCursor;
      pages += 1;
    } while (cursor !== undefined && pages < 20);
    const all = (runId: string, count: number) => Array.from({ length: count }, (_, n) => `${runId}/${n + 1}`);
    assert.deepEqual(seen, [...all('run_a', 70), ...all('run_b', 30), ...all('run_c', 30)]);
  });
});
