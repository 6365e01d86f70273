import type { Queryable } from './queryable.js';

const LOCK = `hashtext('drop_event_partitions')`;

interface Partition {
  readonly name: string;
  /** Null when it was detached already, by a process that died before it dropped it. */
  readonly attached: boolean;
  /** A detach that was interrupted. */
  readonly half_detached: boolean;
}

/**
 * Drops the partitions whose whole week is older than `days`; answers their names. Each is detached first, without
 * stopping those who append and read meanwhile. One process at a time; another one finds nothing to do.
 */
export async function dropOldPartitions(connection: Queryable, days: number): Promise<string[]> {
  const { rows } = await connection.query<{ locked: boolean }>(`SELECT pg_try_advisory_lock(${LOCK}) AS locked`);
  if (!rows[0]?.locked) return [];
  const partitions = await listOld(connection, days);
  for (const partition of partitions) await drop(connection, partition);
  await connection.query(`SELECT pg_advisory_unlock(${LOCK})`);
  return partitions.map((partition) => partition.name);
}

/** By their names, which tell the week's Monday: a detached one is no partition any more, but still to be dropped. */
async function listOld(connection: Queryable, days: number): Promise<Partition[]> {
  const { rows } = await connection.query<Partition>(
    `SELECT c.relname AS name, i.inhrelid IS NOT NULL AS attached, coalesce(i.inhdetachpending, false) AS half_detached
     FROM pg_class c LEFT JOIN pg_inherits i ON i.inhrelid = c.oid AND i.inhparent = 'run_events'::regclass
     WHERE c.relkind = 'r' AND c.relname ~ '^run_events_[0-9]{8}$' AND pg_table_is_visible(c.oid)
       AND to_timestamp(right(c.relname, 8) || ' +00', 'YYYYMMDD TZH') + interval '7 days' < now() - $1 * interval '1 day'
     ORDER BY c.relname`,
    [days],
  );
  return rows;
}

/** The name is one that our own pattern found. */
async function drop(connection: Queryable, partition: Partition): Promise<void> {
  const detach = partition.half_detached ? 'FINALIZE' : 'CONCURRENTLY';
  if (partition.attached) await connection.query(`ALTER TABLE run_events DETACH PARTITION ${partition.name} ${detach}`);
  await connection.query(`DROP TABLE ${partition.name}`);
}
