import type { EventType } from '../domain/event-types.js';
import type { EventRecord } from '../contract/event.js';

export interface EventRow {
  readonly seq: number;
  readonly type: string;
  readonly payload: Record<string, unknown>;
  readonly created_at: Date;
}

/** Digits of the largest safe integer in base 36. */
const SEQ_DIGITS = 11;

/** An event's id follows from its run and `seq`, and sorts as they do. */
function eventId(runId: string, seq: number): string {
  return `evt_${runId.slice(runId.indexOf('_') + 1)}${seq.toString(36).padStart(SEQ_DIGITS, '0')}`;
}

export function toEventRecord(runId: string, row: EventRow): EventRecord {
  return {
    id: eventId(runId, row.seq),
    runId,
    seq: row.seq,
    type: row.type as EventType,
    payload: row.payload,
    createdAt: row.created_at.toISOString(),
  };
}
