import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { migrate } from '../../src/postgres/migrate.js';
import { startPostgresServer } from './postgres-server.js';
import { stopAtEnd } from './shared.js';

/** A database that nobody else uses, with the whole schema. */
export interface TestDatabase {
  readonly connectionString: string;
  /** For a look behind the adapters. */
  query<Row extends pg.QueryResultRow>(sql: string, values?: unknown[]): Promise<Row[]>;
  drop(): Promise<void>;
}

/** The server that all test files of this process share, with a migrated template; started when first needed. */
interface SharedServer {
  readonly adminUrl: string;
  readonly template: string;
}

let shared: Promise<SharedServer> | undefined;

export async function createTestDatabase(): Promise<TestDatabase> {
  const { adminUrl, template } = await (shared ??= startShared());
  const name = databaseName('test');
  await execute(adminUrl, `CREATE DATABASE ${name} TEMPLATE ${template}`);
  const connectionString = ofDatabase(adminUrl, name);
  const pool = new pg.Pool({ connectionString, max: 2 });
  pool.on('error', () => undefined);
  return {
    connectionString,
    query: async (sql, values) => (await pool.query(sql, values)).rows,
    async drop() {
      await pool.end();
      await execute(adminUrl, `DROP DATABASE ${name} WITH (FORCE)`);
    },
  };
}

/** An empty database without any schema, on the shared server. */
export async function createEmptyDatabase(): Promise<{ connectionString: string; drop(): Promise<void> }> {
  const { adminUrl } = await (shared ??= startShared());
  const name = databaseName('empty');
  await execute(adminUrl, `CREATE DATABASE ${name}`);
  return {
    connectionString: ofDatabase(adminUrl, name),
    drop: () => execute(adminUrl, `DROP DATABASE ${name} WITH (FORCE)`),
  };
}

/** One statement as the server's administrator, in a database of that name. */
export async function executeOn(database: string, sql: string): Promise<void> {
  const { adminUrl } = await (shared ??= startShared());
  await execute(ofDatabase(adminUrl, database), sql);
}

/** A given server (its user must be allowed to create databases) or one of our own. */
async function startShared(): Promise<SharedServer> {
  const given = process.env['AGENTRUN_TEST_DATABASE_URL'];
  const server = given === undefined ? await startPostgresServer() : undefined;
  const adminUrl = server?.connectionString ?? given!;
  // Nothing here has to outlive a crash of the machine, and a test's commits need not wait for the disk.
  if (server !== undefined) await execute(adminUrl, 'ALTER ROLE CURRENT_USER SET synchronous_commit = off');
  const template = databaseName('template');
  await execute(adminUrl, `CREATE DATABASE ${template}`);
  await migrate({ connectionString: ofDatabase(adminUrl, template) });
  stopAtEnd(async () => {
    await execute(adminUrl, `DROP DATABASE ${template} WITH (FORCE)`);
    await server?.remove();
  });
  return { adminUrl, template };
}

function databaseName(purpose: string): string {
  return `agentrun_${purpose}_${randomBytes(6).toString('hex')}`;
}

function ofDatabase(url: string, database: string): string {
  const changed = new URL(url);
  changed.pathname = `/${database}`;
  return changed.href;
}

async function execute(connectionString: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
