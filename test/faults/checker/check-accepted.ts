import type { Accepted, Round } from '../harness/round.js';
import type { Complaints } from './complaints.js';
import { readLedgers } from './ledger.js';

interface Ended {
  readonly id: string;
  readonly state: string;
  readonly superseded_by: string | null;
  readonly run_status: string | null;
}

const TERMINAL = ['completed', 'failed', 'blocked', 'cancelled'];

/** Every accepted send and task ended in one terminal state, and its prompt reached an agent. */
export async function checkAccepted(round: Round): Promise<Complaints> {
  const { system, accepted } = round;
  const commands = await system.query<Ended>(
    'SELECT c.id, c.state, c.superseded_by, r.status AS run_status FROM commands c JOIN runs r ON r.id = c.run_id',
  );
  const tasks = await system.query<Ended>('SELECT id, state, NULL AS superseded_by, NULL AS run_status FROM tasks');
  const records = new Map([...commands, ...tasks].map((record) => [record.id, record]));
  const lines = await readLedgers(round);
  const heard = new Set(lines.filter(({ what }) => what === 'begin' || what === 'hear').map((line) => line.operation));
  return accepted.flatMap((one) => complaintsAbout(one, records, heard));
}

function complaintsAbout(one: Accepted, records: ReadonlyMap<string, Ended>, heard: ReadonlySet<string>): Complaints {
  const name = `${one.kind} ${one.id} (${one.operation})`;
  const record = lastOf(one.id, records);
  if (record === undefined) return [`${name} was accepted and has no record`];
  if (!TERMINAL.includes(record.state)) return [`${name} is ${record.state}, its run ${record.run_status}`];
  if (one.mayBeCancelled && record.state === 'cancelled') return [];
  const found = record.state === 'completed' ? [] : [`${name} ended as ${record.state}`];
  return heard.has(one.operation) ? found : [...found, `${name} never reached an agent`];
}

/** A steer that came too late is the turn that took its place, which may be one that another took the place of. */
function lastOf(id: string, records: ReadonlyMap<string, Ended>): Ended | undefined {
  const record = records.get(id);
  return record?.superseded_by ? lastOf(record.superseded_by, records) : record;
}
