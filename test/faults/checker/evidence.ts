import type { Round } from '../harness/round.js';
import { readLedgers } from './ledger.js';

/** Puts what the records say of the round into its history, for whoever looks into a failure: the system itself is gone by then. */
export async function keepEvidence(round: Round): Promise<void> {
  const { system, history, firstChange, beganAt } = round;
  const changes = await system.query('SELECT at, thing, id, becomes FROM fault_audit WHERE n > $1 ORDER BY n', [
    firstChange,
  ]);
  for (const change of changes) history.add('records', 'info', 'change', change);
  const events = await system.query(
    'SELECT e.created_at AS at, e.run_id, e.seq, e.type, e.payload FROM run_events e JOIN runs r ON r.id = e.run_id WHERE r.created_at >= $1 ORDER BY 1, 2, 3',
    [beganAt],
  );
  for (const event of events) history.add('records', 'info', 'event', event);
  for (const line of await readLedgers(round)) history.add('agents', 'info', 'ledger', line);
}
