import type { EventRecord } from '../../../src/contract/event.js';

/** Events of one run, numbered from 1, as a page gets them. */
export function eventsOf(
  told: readonly (readonly [EventRecord['type'], EventRecord['payload']])[],
  runId = 'run_1',
): EventRecord[] {
  return told.map(([type, payload], index) => ({
    id: `evt_${index + 1}`,
    runId,
    seq: index + 1,
    type,
    payload,
    createdAt: new Date(1_800_000_000_000 + index * 1_000).toISOString(),
  }));
}
