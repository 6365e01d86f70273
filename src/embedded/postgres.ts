import { mkdir, readFile, readlink, realpath, rm } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { assertPortFree, freePort } from '../processes/free-port.js';
import type { Progress } from '../processes/progress.js';
import { postgresPackage, runnableBinaries, type PostgresBinaries } from './postgres-binaries.js';
import { clusterArgument, ensureCluster, readOrMakePassword, SUPERUSER } from './postgres-cluster.js';
import { serverUser, type ServerUser } from './postgres-user.js';
import { processIdentity, runningCommands, type ProcessIdentity } from '../processes/process-identity.js';
import { endOnExit, endProcess, ServerStartFailed, spawnServer, waitUntilReady } from '../processes/server-process.js';

const WHAT = 'the embedded PostgreSQL';
const DATABASE = 'agentrun';
const INVALID_PASSWORD = '28P01';
/** Recovery after a crash may have to replay a lot. */
const READY_TIMEOUT_MS = 120_000;
/** Fast shutdown first; then immediate, which costs a recovery but no data. */
const ENDING = [
  ['SIGINT', 30_000],
  ['SIGQUIT', 10_000],
  ['SIGKILL', 5_000],
] as const;
const START_ATTEMPTS = 4;
/** Passing troubles: a free port that was taken meanwhile; backends of a killed server that are just ending. */
const PASSING = /Address already in use|pre-existing shared memory block/i;

export interface EmbeddedPostgresOptions {
  /** A folder of its own; gets cluster/ and the superuser's password in a file. */
  dataDir: string;
  logFile: string;
  /** 0 picks a free one. An adopted server keeps its port when this is 0. */
  port: number;
  onProgress: Progress;
}

export interface EmbeddedPostgres {
  /** Holds the password: not for logs. The user is a superuser, the database is `agentrun`. */
  connectionString: string;
  port: number;
  pid: number;
  /** True when it was found running. */
  adopted: boolean;
  /** Ends it (fast shutdown) and returns when it is gone. */
  stop: () => Promise<void>;
}

interface Running {
  identity: ProcessIdentity;
  port: number;
}

/**
 * Starts (or adopts) a PostgreSQL on 127.0.0.1 over `dataDir`, and makes its cluster at the first start. The caller makes
 * sure that only one process does this for a folder. Throws `PortTaken`, or `ServerStartFailed` with the end of the log.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const { onProgress } = options;
  await mkdir(options.dataDir, { recursive: true, mode: 0o700 });
  const dataDir = await realpath(options.dataDir);
  const clusterDir = join(dataDir, 'cluster');
  const password = await readOrMakePassword(join(dataDir, 'password'));
  const step = { name: 'PostgreSQL' };
  onProgress({ ...step, state: 'started' });
  try {
    const survivor = await adoptSurvivor(clusterDir, options.port, password);
    const running = survivor ?? (await startServer({ ...options, dataDir }, clusterDir, password));
    const forget = endOnExit(running.identity, ENDING[0][0]);
    onProgress({ ...step, state: survivor ? 'cached' : 'done', detail: `127.0.0.1:${running.port}` });
    return {
      connectionString: connectionString(running.port, password, DATABASE),
      port: running.port,
      pid: running.identity.pid,
      adopted: survivor !== undefined,
      stop: () => endProcess(WHAT, running.identity, ENDING).finally(forget),
    };
  } catch (error) {
    onProgress({ ...step, state: 'failed', detail: (error as Error).message });
    throw error;
  }
}

/** A server that outlived its manager; one that listens on another port than the wanted one is ended instead. */
async function adoptSurvivor(clusterDir: string, wantedPort: number, password: string): Promise<Running | undefined> {
  const survivor = await findSurvivor(clusterDir);
  if (!survivor) return undefined;
  if (wantedPort !== 0 && survivor.port !== wantedPort) {
    await endProcess(WHAT, survivor.identity, ENDING);
    return undefined;
  }
  const server = { ...survivor.identity, exited: new Promise<string>(() => {}), logTail: () => '' };
  await waitUntilReady(WHAT, server, () => assertReady(survivor.port, password), READY_TIMEOUT_MS);
  return survivor;
}

/**
 * Reads postmaster.pid. When its pid now belongs to some other program, PostgreSQL itself would refuse to start, so
 * the stale file is removed: safe, because only one manager works on this folder.
 */
async function findSurvivor(clusterDir: string): Promise<Running | undefined> {
  const pidFile = join(clusterDir, 'postmaster.pid');
  const lines = (await readFile(pidFile, 'utf8').catch(() => '')).split('\n');
  const identity = processIdentity(Number(lines[0]));
  const port = Number(lines[3]);
  if (identity && port > 0 && (await worksOn(identity.pid, clusterDir))) return { identity, port };
  await rm(pidFile, { force: true });
  return undefined;
}

/** A postmaster's working directory is its cluster. */
async function worksOn(pid: number, clusterDir: string): Promise<boolean> {
  if (process.platform === 'linux') return (await readlink(`/proc/${pid}/cwd`).catch(() => '')) === clusterDir;
  return runningCommands().some((running) => running.pid === pid && running.command.includes(`-D ${clusterDir}`));
}

async function startServer(options: EmbeddedPostgresOptions, clusterDir: string, password: string): Promise<Running> {
  const user = await serverUser(clusterDir);
  // As root the data folder is closed to the server's user, so a copy of the programs has to be outside of it.
  const copyTo = user ? '/var/cache/agentrun' : join(options.dataDir, 'server');
  const binaries = await runnableBinaries(await postgresPackage(), user, copyTo, options.onProgress);
  await ensureCluster(clusterDir, password, binaries, user, options.onProgress);
  if (options.port !== 0) await assertPortFree(options.port, WHAT);
  for (let attempt = 1; ; attempt++) {
    const port = options.port || (await freePort());
    try {
      return await launch(binaries, clusterDir, options.logFile, port, user, password);
    } catch (error) {
      const passing = error instanceof ServerStartFailed && PASSING.test(error.message);
      if (!passing || attempt === START_ATTEMPTS) throw error;
    }
  }
}

async function launch(
  binaries: PostgresBinaries,
  clusterDir: string,
  logFile: string,
  port: number,
  user: ServerUser | undefined,
  password: string,
): Promise<Running> {
  const server = await spawnServer({
    what: WHAT,
    command: binaries.postgres,
    args: ['-D', clusterArgument(clusterDir, user), '-p', String(port), ...settings()],
    cwd: clusterDir,
    logFile,
    ...user,
  });
  const identity = { pid: server.pid, startedAt: server.startedAt };
  const forget = endOnExit(identity, ENDING[0][0]);
  try {
    await waitUntilReady(WHAT, server, () => assertReady(port, password), READY_TIMEOUT_MS);
    return { identity, port };
  } catch (error) {
    await endProcess(WHAT, identity, ENDING);
    throw error;
  } finally {
    forget();
  }
}

/** Given on the command line, so that an older cluster gets them too. */
function settings(): string[] {
  return [
    'listen_addresses=127.0.0.1',
    // A socket's path may be 107 bytes long at most, and nothing here needs one.
    'unix_socket_directories=',
    'max_connections=200',
    'shared_buffers=128MB',
    'fsync=on',
    'synchronous_commit=on',
    // Compiling costs more than it saves on short statements.
    'jit=off',
    'timezone=UTC',
    'log_timezone=UTC',
    'log_line_prefix=%m [%p] ',
  ].flatMap((setting) => ['-c', setting]);
}

/** Fails while the server cannot take work yet; with `ServerStartFailed` when waiting will not help. */
async function assertReady(port: number, password: string): Promise<void> {
  try {
    const found = await query(port, password, `SELECT 1 FROM pg_database WHERE datname = '${DATABASE}'`);
    if (found === 0) await query(port, password, `CREATE DATABASE ${DATABASE}`);
  } catch (error) {
    if ((error as { code?: string }).code !== INVALID_PASSWORD) throw error;
    throw new ServerStartFailed(
      `${WHAT} refuses the password that is kept beside its cluster; was that file replaced?`,
    );
  }
}

/** Returns the number of rows. */
async function query(port: number, password: string, sql: string): Promise<number> {
  const client = new pg.Client({
    connectionString: connectionString(port, password, 'postgres'),
    connectionTimeoutMillis: 5_000,
  });
  client.on('error', () => {}); // The query or connect call rejects as well.
  try {
    await client.connect();
    return (await client.query(sql)).rowCount ?? 0;
  } finally {
    await client.end().catch(() => undefined);
  }
}

function connectionString(port: number, password: string, database: string): string {
  return `postgresql://${SUPERUSER}:${password}@127.0.0.1:${port}/${database}`;
}
