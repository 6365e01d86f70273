import type { RunStore } from '../ports/run-store.js';
import { missing } from '../domain/errors.js';
import { newerThan, type ProjectionResult, type RunSnapshot } from '../domain/run-snapshot.js';
import type { Wakeups } from '../ports/wakeups.js';
import { isWithoutData } from './failures.js';
import { withPartitions } from './partitions.js';
import type { Database } from './pool.js';
import { snapshotJson } from './projection-json.js';
import { firstRow } from './rows.js';

/** See `0020_project_run.sql`. */
const PROJECT = { name: 'project_run', text: 'SELECT verdict, version_before FROM project_run($1)' };

interface Verdict {
  readonly verdict: ProjectionResult | 'unknown';
  readonly version_before: number;
}

/**
 * Writes a run's snapshot: the run, its changed commands, the manager's events, and what heartbeats must tell, in one
 * statement. Snapshots come from whoever asked the workflow something, and from itself, in any order and more than once.
 * A version that is not newer changes nothing, and loses nothing: a snapshot carries everything that its workflow did not
 * know to be written, so that a newer one that is in brought whatever an older one would. Of what it carries, only what is
 * newer than the row is written.
 */
export async function projectRun(
  database: Database,
  wakeups: Wakeups,
  snapshot: RunSnapshot,
  tell: (news: RunSnapshot) => void = () => undefined,
): Promise<ProjectionResult> {
  const { verdict, version_before: versionBefore } = await write(database, snapshot);
  if (verdict === 'unknown') throw missing('run', snapshot.runId);
  if (verdict === 'foreign') return verdict;
  if (verdict === 'written') tell({ ...snapshot, ...newerThan(versionBefore, snapshot) });
  // Also when it is stale: the process that wrote it may have died before it told anybody.
  wakeups.notify(`commands:${snapshot.runId}`);
  if (snapshot.events.length > 0 || snapshot.terminalStatus !== null) wakeups.notify(`events:${snapshot.runId}`);
  return verdict;
}

/** See `RunStore.writtenVersion`. */
export async function writtenVersion(
  database: Database,
  wakeups: Wakeups,
  { runId, executionId }: Parameters<RunStore['writtenVersion']>[0],
): Promise<number> {
  const statement = 'SELECT version FROM runs WHERE id = $1 AND execution_id = $2';
  const { rows } = await database.query<{ version: number }>(statement, [runId, executionId]);
  // Whoever wrote it may have died before it told anybody.
  wakeups.notify(`commands:${runId}`);
  wakeups.notify(`events:${runId}`);
  return rows[0]?.version ?? 0;
}

async function write(database: Database, snapshot: RunSnapshot): Promise<Verdict> {
  const json = snapshotJson(snapshot);
  try {
    return firstRow(await withPartitions(database, () => database.query<Verdict>(PROJECT, [json])));
  } catch (error) {
    throw isWithoutData(error) ? missing('command', error.detail ?? '') : error;
  }
}
