import { isPartitionMissing } from './failures.js';
import type { Queryable } from './queryable.js';
import { firstRow } from './rows.js';

/** How far ahead partitions are made: as long as nobody has to run maintenance. */
const PARTITION_WEEKS_AHEAD = 8;

/** Makes the partitions that are missing from this week on; answers how many. */
export async function ensureEventPartitions(database: Queryable): Promise<number> {
  const ensured = await database.query<{ made: number }>('SELECT ensure_event_partitions($1) AS made', [
    PARTITION_WEEKS_AHEAD,
  ]);
  return firstRow(ensured).made;
}

/** Does `work` again when it failed for want of a partition: nobody had run maintenance for weeks. */
export async function withPartitions<T>(database: Queryable, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isPartitionMissing(error)) throw error;
    await ensureEventPartitions(database);
    return work();
  }
}
