import { join } from 'node:path';
import { runner } from 'node-pg-migrate';
import { packageRoot } from '../processes/package-root.js';

/** Plain SQL is not compiled: it is read where it stands. */
const MIGRATIONS_DIR = join(packageRoot, 'src/postgres/migrations');

export interface MigrateOptions {
  /** Holds the password: not for logs. */
  readonly connectionString: string;
  readonly onMessage?: (message: string) => void;
}

/**
 * Brings the database's schema up to this version: all migrations that are missing, or none. Processes that start
 * together wait for each other. Answers the names of those it ran.
 */
export async function migrate(options: MigrateOptions): Promise<string[]> {
  const tell = options.onMessage ?? (() => undefined);
  const ran = await runner({
    databaseUrl: { connectionString: options.connectionString, connectionTimeoutMillis: 10_000 },
    dir: MIGRATIONS_DIR,
    ignorePattern: '(?!.*\\.sql$).*',
    direction: 'up',
    migrationsTable: 'migrations',
    singleTransaction: true,
    advisoryLockMode: 'wait',
    logger: { info: tell, warn: tell, error: tell },
  });
  return ran.map((migration) => migration.name);
}
