import { createTestDatabase, executeOn, type TestDatabase } from './database.js';

/** A database that can be put back to what it held when it was backed up. Nobody may work in it meanwhile. */
export interface RestorableDatabase extends TestDatabase {
  backUp(): Promise<void>;
  restore(): Promise<void>;
}

/** Copies by PostgreSQL's own `CREATE DATABASE … TEMPLATE`: what a dump and its restoration come to, in a moment. */
export async function createRestorableDatabase(): Promise<RestorableDatabase> {
  const database = await createTestDatabase();
  const name = new URL(database.connectionString).pathname.slice(1);
  const backup = `${name}_backup`;
  const replace = async (copy: string, original: string) => {
    await executeOn('postgres', `DROP DATABASE IF EXISTS ${copy} WITH (FORCE)`);
    await executeOn('postgres', `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${original}'`);
    await executeOn('postgres', `CREATE DATABASE ${copy} TEMPLATE ${original}`);
  };
  return {
    ...database,
    backUp: () => replace(backup, name),
    restore: () => replace(name, backup),
    async drop() {
      await executeOn('postgres', `DROP DATABASE IF EXISTS ${backup} WITH (FORCE)`);
      await database.drop();
    },
  };
}
