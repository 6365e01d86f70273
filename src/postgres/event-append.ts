import { conflict, leaseLost, missing } from '../domain/errors.js';
import type { EventRecord } from '../contract/event.js';
import type { EventAppendRequest, NewEvent } from '../ports/event-store.js';
import { toEventRecord } from './event-rows.js';
import type { Queryable } from './queryable.js';

const APPEND = {
  name: 'append_run_events',
  text: 'SELECT * FROM append_run_events($1, $2, $3, $4, $5, $6, $7, $8, $9)',
};

const LONGEST_ID = 64;

interface AppendRow {
  readonly verdict: 'ok' | 'unknown' | 'lost' | 'ended';
  readonly position: number;
  readonly seq: number | null;
  readonly created_at: Date;
  readonly type: string | null;
  readonly payload: Record<string, unknown> | null;
}

/** Appends in one statement, alone or within a transaction; see `EventStore.append`. `evenEnded` is for the manager's own events. */
export async function appendRunEvents(
  database: Queryable,
  request: EventAppendRequest,
  options: { evenEnded: boolean } = { evenEnded: false },
): Promise<EventRecord[]> {
  const { events, indexes } = withoutRepeats(request.events);
  if (events.length === 0) return [];
  const { rows } = await database.query<AppendRow>(APPEND, [
    request.runId,
    request.fence?.attempt ?? null,
    request.fence?.runnerId ?? null,
    request.producer,
    events.map((event) => event.type),
    events.map((event) => JSON.stringify(event.payload)),
    events.map((event) => commandIdOf(event)),
    events.map((event) => event.clientSeq ?? null),
    options.evenEnded,
  ]);
  const verdict = rows[0]?.verdict ?? 'unknown';
  if (verdict !== 'ok') throw refusal(verdict, request.runId);
  const records = toRecords(request.runId, events, rows);
  return indexes.flatMap((index) => records[index] ?? []);
}

/** Within one batch the same `clientSeq` counts once. `indexes[i]` is where the i-th given event stands in `events`. */
function withoutRepeats(given: readonly NewEvent[]): { events: NewEvent[]; indexes: number[] } {
  const events: NewEvent[] = [];
  const numbered = new Map<number, number>();
  const indexes = given.map((event) => {
    const known = event.clientSeq === undefined ? undefined : numbered.get(event.clientSeq);
    if (known !== undefined) return known;
    const index = events.push(event) - 1;
    if (event.clientSeq !== undefined) numbered.set(event.clientSeq, index);
    return index;
  });
  return { events, indexes };
}

/** An agent may write anything there; longer than an id it is none, and would not fit into an index. */
function commandIdOf(event: NewEvent): string | null {
  const { commandId } = event.payload;
  return typeof commandId === 'string' && commandId.length <= LONGEST_ID ? commandId : null;
}

function toRecords(runId: string, events: readonly NewEvent[], rows: readonly AppendRow[]): EventRecord[] {
  const records: EventRecord[] = [];
  for (const row of rows) {
    const index = row.position - 1;
    const event = events[index];
    if (event === undefined) continue;
    if (row.seq === null) throw conflict('this event was appended before and is past its retention', { index });
    const type = row.type ?? event.type;
    const payload = row.payload ?? event.payload;
    records[index] = toEventRecord(runId, { seq: row.seq, type, payload, created_at: row.created_at });
  }
  return records;
}

function refusal(verdict: Exclude<AppendRow['verdict'], 'ok'>, runId: string): Error {
  if (verdict === 'unknown') return missing('run', runId);
  if (verdict === 'ended') return conflict(`run ${runId} has ended`, { runId });
  return leaseLost(runId);
}
