import type { Round } from '../harness/round.js';
import type { Change } from './audit.js';
import type { States } from './backwards.js';
import type { Complaints } from './complaints.js';
import { changesOf } from './check-progress.js';
import { readLedgers, type LedgerLine } from './ledger.js';

type Lease = States['run_leases'];

/** No two live runners on a session at any moment: neither by the leases, nor by what agents did to its volume. */
export async function checkAgents(round: Round): Promise<Complaints> {
  const sessions = new Map(
    (await round.system.query<{ id: string; session_id: string }>('SELECT id, session_id FROM runs')).map(
      ({ id, session_id: sessionId }) => [id, sessionId],
    ),
  );
  const leases = await changesOf(round, 'run_leases');
  return [...twoLeases(leases, sessions), ...interleaved(await readLedgers(round))];
}

function twoLeases(changes: readonly Change<Lease>[], sessions: ReadonlyMap<string, string | null>): Complaints {
  const holders = new Map<string, Set<string>>();
  const complaints: Complaints = [];
  for (const { id, becomes } of changes) {
    const session = sessions.get(id) ?? id;
    const live = holders.get(session) ?? new Set<string>();
    holders.set(session, live);
    if (becomes.alive) live.add(id);
    else live.delete(id);
    if (live.size > 1) complaints.push(`session ${session} had runners on ${[...live].join(' and ')} at once`);
  }
  return complaints;
}

/** Once a Job has worked on a volume, one before it does not work there any more. */
function interleaved(lines: readonly LedgerLine[]): Complaints {
  const left = new Map<string, string[]>();
  const complaints: Complaints = [];
  for (const { volume, jobName, what } of lines) {
    // What a pipe had taken may be read a little later.
    if (what === 'hear') continue;
    const jobs = left.get(volume) ?? [];
    left.set(volume, jobs);
    if (jobs.at(-1) === jobName) continue;
    if (jobs.includes(jobName)) complaints.push(`${jobName} worked on ${volume} after ${jobs.at(-1)} had begun`);
    jobs.push(jobName);
  }
  return complaints;
}
