import { conflict, leaseLost, missing } from '../domain/errors.js';
import type { EventRecord } from '../contract/event.js';
import type { EventAppendRequest, NewEvent } from '../ports/event-store.js';
import { toEventRecord } from './event-rows.js';
import type { Queryable } from './queryable.js';

const APPEND = {
  name: 'append_events',
  text: 'SELECT * FROM append_events($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)',
};

/** Stands in no JSON, which escapes it, and in no id. */
const SEPARATOR = '\u001E';
const ID = /^[!-~]{1,64}$/;

interface AppendRow {
  readonly verdict: 'ok' | 'unknown' | 'lost' | 'ended';
  /** Null in the only row where all are new: they count from its `seq` on. */
  readonly position: number | null;
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
    joined(events, (event) => event.type),
    joined(events, (event) => event.payloadJson ?? JSON.stringify(event.payload)),
    joined(events, commandIdOf),
    `{${events.map((event) => event.clientSeq ?? 'NULL').join()}}`,
    numbersOf(events),
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

/** Their `clientSeq` as a multirange, as PostgreSQL reads it: a runner numbers without gaps, so that it is one range as a rule. */
function numbersOf(events: readonly NewEvent[]): string | null {
  const numbers = events.flatMap(({ clientSeq }) => clientSeq ?? []).sort((a, b) => a - b);
  if (numbers.length === 0) return null;
  const ranges: [from: number, to: number][] = [];
  for (const number of numbers) {
    const last = ranges.at(-1);
    if (last?.[1] === number) last[1] += 1;
    else ranges.push([number, number + 1]);
  }
  return `{${ranges.map(([from, to]) => `[${from},${to})`).join()}}`;
}

function joined(events: readonly NewEvent[], itemOf: (event: NewEvent) => string): string {
  return events.map(itemOf).join(SEPARATOR);
}

/** An agent may write anything there; what cannot be an id is none. */
export function commandIdOf({ payload: { commandId } }: Pick<NewEvent, 'payload'>): string {
  return typeof commandId === 'string' && ID.test(commandId) ? commandId : '';
}

function toRecords(runId: string, events: readonly NewEvent[], rows: readonly AppendRow[]): EventRecord[] {
  const [first] = rows;
  if (first !== undefined && first.position === null) return newRecords(runId, events, first);
  const records: EventRecord[] = [];
  for (const row of rows) {
    const index = (row.position ?? 0) - 1;
    const event = events[index];
    if (event === undefined) continue;
    if (row.seq === null) throw conflict('this event was appended before and is past its retention', { index });
    const type = row.type ?? event.type;
    const payload = row.payload ?? event.payload;
    records[index] = toEventRecord(runId, { seq: row.seq, type, payload, created_at: row.created_at });
  }
  return records;
}

function newRecords(runId: string, events: readonly NewEvent[], first: AppendRow): EventRecord[] {
  const { seq, created_at } = first;
  return events.map(({ type, payload }, index) =>
    toEventRecord(runId, { seq: (seq ?? 1) + index, type, payload, created_at }),
  );
}

function refusal(verdict: Exclude<AppendRow['verdict'], 'ok'>, runId: string): Error {
  if (verdict === 'unknown') return missing('run', runId);
  if (verdict === 'ended') return conflict(`run ${runId} has ended`, { runId });
  return leaseLost(runId);
}
