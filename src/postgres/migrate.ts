import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { runner } from 'node-pg-migrate';
import { packageRoot } from '../processes/package-root.js';

/** Plain SQL is not compiled: it is read where it stands. */
const MIGRATIONS_DIR = join(packageRoot, 'src/postgres/migrations');
/**
 * Whoever wants a table waits behind a migration that waits for it, and for others that it has already: it gives up long before their
 * statements would, after 1.8 s.
 */
const LOCK_TIMEOUT_MS = 300;
/** In which those who waited have their turn. */
const PAUSE_MS = 300;
/** A dump or a report may hold a table for so long. */
const DEFAULT_PATIENCE_MS = 10 * 60_000;
/** PostgreSQL's codes for a lock that was not to be had, and for two that waited for each other. */
const GAVE_WAY = new Set(['55P03', '40P01']);

export interface MigrateOptions {
  /** Holds the password: not for logs. */
  readonly connectionString: string;
  readonly onMessage?: (message: string) => void;
  /** A folder of SQL files, run in the order of their names; the product's own unless given. */
  readonly directory?: string;
  /** For how long it goes on trying while others hold a table that it has to change. Default ten minutes. */
  readonly patienceMs?: number;
}

/**
 * Brings the database's schema up to this version, also while others work with it: each migration that is missing, whole or not at all.
 * Processes that start together wait for each other. Answers the names of those it ran. @throws PostgreSQL's error
 */
export async function migrate(options: MigrateOptions): Promise<string[]> {
  const endsAtMs = Date.now() + (options.patienceMs ?? DEFAULT_PATIENCE_MS);
  const ran: string[] = [];
  for (;;) {
    try {
      await migrateNow(options, ran);
      return ran;
    } catch (error) {
      if (!gaveWay(error) || Date.now() > endsAtMs) throw error;
      options.onMessage?.('a table is in use, or another process migrates: trying again');
      await delay(PAUSE_MS);
    }
  }
}

/** Adds the names of those it ran to `ran`, also where it fails. */
async function migrateNow({ connectionString, onMessage, directory }: MigrateOptions, ran: string[]): Promise<void> {
  const tell = onMessage ?? (() => undefined);
  for (;;) {
    const [migration] = await runner({
      databaseUrl: { connectionString, connectionTimeoutMillis: 10_000, lock_timeout: LOCK_TIMEOUT_MS },
      dir: directory ?? MIGRATIONS_DIR,
      ignorePattern: '(?!.*\\.sql$).*',
      direction: 'up',
      // One by one, each a transaction of its own: what is locked for one is free again before the next one begins.
      count: 1,
      migrationsTable: 'migrations',
      advisoryLockMode: 'wait',
      logger: { info: tell, warn: tell, error: tell },
    });
    if (migration === undefined) return;
    ran.push(migration.name);
  }
}

function gaveWay(error: unknown): boolean {
  return GAVE_WAY.has(String((error as { code?: unknown } | null)?.code));
}
