import type { Round } from '../harness/round.js';
import type { Change } from './audit.js';
import type { Complaints } from './complaints.js';
import { BACKWARDS, type States } from './backwards.js';

type Thing = keyof States;

const THINGS = Object.keys(BACKWARDS) as Thing[];

/** No status ever moved backwards, and what had ended stayed as it was. */
export async function checkProgress(round: Round): Promise<Complaints> {
  const changes = await Promise.all(THINGS.map(async (thing) => changesBack(round, thing)));
  const complaints = changes
    .flat()
    .map(({ id, was, becomes }) => `${id} went from ${JSON.stringify(was)} to ${JSON.stringify(becomes)}`);
  return [...complaints, ...runsThatCameBack(await changesOf(round, 'sessions'))];
}

/** What happened to things of one kind since the round began, in order. */
export async function changesOf<T extends Thing>(
  { system, firstChange }: Round,
  thing: T,
): Promise<Change<States[T]>[]> {
  return system.query<Change<States[T]>>(
    'SELECT n::int, at, id, was, becomes FROM fault_audit WHERE thing = $1 AND n > $2 ORDER BY n',
    [thing, firstChange],
  );
}

async function changesBack<T extends Thing>(round: Round, thing: T): Promise<Change<States[T]>[]> {
  const isBackwards = BACKWARDS[thing];
  return (await changesOf(round, thing)).filter(({ was, becomes }) => was !== null && isBackwards(was, becomes));
}

/** A session's runs come one after another: one that another has followed is never its last again. */
export function runsThatCameBack(changes: readonly Change<States['sessions']>[]): Complaints {
  const runs = new Map<string, string[]>();
  const complaints: Complaints = [];
  for (const { id, becomes } of changes) {
    const { last_run_id: runId } = becomes;
    const before = runs.get(id) ?? [];
    runs.set(id, before);
    if (runId === null || before.at(-1) === runId) continue;
    if (before.includes(runId)) complaints.push(`session ${id} went back from the run ${before.at(-1)} to ${runId}`);
    before.push(runId);
  }
  return complaints;
}
