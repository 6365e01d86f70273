import { RUN_STATUSES } from '../domain/run-lifecycle.js';
import { isTerminalStatus } from '../domain/outcome.js';
import type { FleetGauges } from '../ports/fleet-gauges.js';
import type { Database } from './pool.js';

/** What lives is few, and found by indexes of what lives. */
const READ = `SELECT 'run' AS what, r.status AS word, count(*) AS count, NULL::float8 AS oldest_ms FROM runs r
  WHERE r.opened_at IS NOT NULL AND r.status = ANY ($1) GROUP BY r.status
  UNION ALL
  SELECT 'task', t.state, count(*),
    max(extract(epoch FROM now() - t.dispatched_at) * 1000) FILTER (WHERE t.phase = 'waiting-for-slot')
  FROM tasks t WHERE t.opened_at IS NOT NULL AND t.state IN ('pending', 'running') GROUP BY t.state`;

interface Row {
  readonly what: 'run' | 'task';
  readonly word: string;
  readonly count: number;
  readonly oldest_ms: number | null;
}

const LIVE_RUNS = RUN_STATUSES.filter((status) => !isTerminalStatus(status));
/** Written out in the statement, so that the index of open tasks is for it. */
const LIVE_TASKS = ['pending', 'running'] as const;

export function createFleetGauges(database: Database): FleetGauges {
  return {
    async read() {
      const { rows } = await database.query<Row>(READ, [LIVE_RUNS]);
      const count = (what: Row['what'], word: string) =>
        rows.find((row) => row.what === what && row.word === word)?.count ?? 0;
      return {
        runs: LIVE_RUNS.map((status) => ({ status, count: count('run', status) })),
        tasks: LIVE_TASKS.map((state) => ({ state, count: count('task', state) })),
        oldestPendingMs: Math.max(0, ...rows.map((row) => row.oldest_ms ?? 0)),
      };
    },
  };
}
