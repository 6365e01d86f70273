import { mkdir, realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Connection } from '@temporalio/client';
import { assertPortFree, freePorts } from '../src/processes/free-port.js';
import type { Progress } from '../src/processes/progress.js';
import {
  endOnExit,
  endProcess,
  ServerStartFailed,
  spawnServer,
  waitUntilReady,
  type ServerProcess,
} from '../src/processes/server-process.js';
import {
  ensureSearchAttributes,
  SearchAttributeConflict,
  type SearchAttributes,
} from '../src/temporal/search-attributes.js';
import { findSurvivor, forgetServer, recordServer, type ServerRecord } from './surviving-server.js';

export type { SearchAttributes } from '../src/temporal/search-attributes.js';

const WHAT = 'the Temporal dev server';
const READY_TIMEOUT_MS = 60_000;
/** A server that hangs is not worth a long wait: another one is up in seconds over the same file. */
const ADOPT_TIMEOUT_MS = 15_000;
const PROBE_TIMEOUT_MS = 2_000;
const START_ATTEMPTS = 3;
/** It ends in about a second; what it has acknowledged is in its file already. */
const ENDING = [
  ['SIGTERM', 15_000],
  ['SIGKILL', 5_000],
] as const;

export interface TemporalDevServerOptions {
  /** As found by `resolveTemporalCli`. */
  cliPath: string;
  /** Where it keeps everything; null keeps it in memory, and then it can't be adopted. */
  dbFile: string | null;
  /** gRPC; 0 picks a free one, or keeps that of an adopted server. */
  port: number;
  /** As `port`, for the web UI. */
  uiPort: number;
  namespace: string;
  searchAttributes: SearchAttributes;
  logFile: string;
  onProgress: Progress;
}

export interface TemporalDevServer {
  /** host:port for gRPC. */
  address: string;
  uiUrl: string;
  pid: number;
  /** True when it was found running. */
  adopted: boolean;
  /** Ends it and returns when it is gone. */
  stop: () => Promise<void>;
}

/**
 * Starts (or adopts) a development server on 127.0.0.1, with UI, namespace and search attributes ready for use. The
 * caller makes sure that only one process does this for a database file. Throws `PortTaken`, or `ServerStartFailed` with
 * the end of the server's log.
 */
export async function startTemporalDevServer(options: TemporalDevServerOptions): Promise<TemporalDevServer> {
  const { onProgress } = options;
  const step = { name: 'Temporal' };
  onProgress({ ...step, state: 'started' });
  try {
    const dbFile = options.dbFile === null ? null : await realPathOf(options.dbFile);
    const survivor = dbFile === null ? undefined : await adoptSurvivor(dbFile, options);
    const server = survivor ?? (await startServer({ ...options, dbFile }));
    onProgress({ ...step, state: survivor ? 'cached' : 'done', detail: `127.0.0.1:${server.port}` });
    return handleOf(server, survivor !== undefined, dbFile);
  } catch (error) {
    onProgress({ ...step, state: 'failed', detail: (error as Error).message });
    throw error;
  }
}

function handleOf(server: ServerRecord, adopted: boolean, dbFile: string | null): TemporalDevServer {
  const forget = endOnExit(server, ENDING[0][0]);
  return {
    address: `127.0.0.1:${server.port}`,
    uiUrl: `http://127.0.0.1:${server.uiPort}`,
    pid: server.pid,
    adopted,
    stop: async () => {
      await endProcess(WHAT, server, ENDING).finally(forget);
      if (dbFile !== null) await forgetServer(dbFile);
    },
  };
}

/** A survivor that listens on other ports than the wanted ones, or doesn't answer, is ended instead. */
async function adoptSurvivor(dbFile: string, options: TemporalDevServerOptions): Promise<ServerRecord | undefined> {
  const survivor = await findSurvivor(dbFile);
  if (!survivor) return undefined;
  const fits = (wanted: number, found: number) => wanted === 0 || wanted === found;
  if (fits(options.port, survivor.port) && fits(options.uiPort, survivor.uiPort)) {
    const server = { ...survivor, exited: new Promise<string>(() => {}), logTail: () => '' };
    try {
      await waitUntilReady(WHAT, server, () => prepare(survivor, options), ADOPT_TIMEOUT_MS);
      await recordServer(dbFile, survivor);
      return survivor;
    } catch (error) {
      options.onProgress({ name: 'Temporal', state: 'progress', detail: (error as Error).message });
    }
  }
  await endProcess(WHAT, survivor, ENDING);
  await forgetServer(dbFile);
  return undefined;
}

async function startServer(options: TemporalDevServerOptions): Promise<ServerRecord> {
  if (options.port !== 0) await assertPortFree(options.port, WHAT);
  if (options.uiPort !== 0) await assertPortFree(options.uiPort, `${WHAT}'s web UI`);
  for (let attempt = 1; ; attempt++) {
    const [port, uiPort] = (await freePorts(2)) as [number, number];
    try {
      return await launch(options, options.port || port, options.uiPort || uiPort);
    } catch (error) {
      // A free port may be taken by another program before the server gets to it.
      const portLost = error instanceof ServerStartFailed && error.message.includes('address already in use');
      if (!portLost || attempt === START_ATTEMPTS) throw error;
    }
  }
}

async function launch(options: TemporalDevServerOptions, port: number, uiPort: number): Promise<ServerRecord> {
  const { cliPath, dbFile, logFile } = options;
  const args = serverArguments(options, port, uiPort);
  const server: ServerProcess = await spawnServer({ what: WHAT, command: cliPath, args, logFile });
  const record = { pid: server.pid, startedAt: server.startedAt, port, uiPort };
  const forget = endOnExit(record, ENDING[0][0]);
  try {
    if (dbFile !== null) await recordServer(dbFile, record);
    await waitUntilReady(WHAT, server, () => prepare(record, options), READY_TIMEOUT_MS);
    return record;
  } catch (error) {
    await endProcess(WHAT, record, ENDING);
    if (dbFile !== null) await forgetServer(dbFile);
    throw error;
  } finally {
    forget();
  }
}

function serverArguments(options: TemporalDevServerOptions, port: number, uiPort: number): string[] {
  const { dbFile, namespace, searchAttributes } = options;
  return [
    ...['server', 'start-dev', '--ip', '127.0.0.1', '--port', String(port), '--ui-port', String(uiPort)],
    ...['--namespace', namespace, '--log-level', 'warn', '--log-format', 'json'],
    ...Object.entries(searchAttributes).flatMap(([name, kind]) => ['--search-attribute', `${name}=${kind}`]),
    ...(dbFile === null ? [] : ['--db-filename', dbFile]),
  ];
}

/** Fails while the server cannot be worked with yet. May be repeated. */
async function prepare(server: ServerRecord, options: TemporalDevServerOptions): Promise<void> {
  const { namespace, searchAttributes } = options;
  const connection = await Connection.connect({
    address: `127.0.0.1:${server.port}`,
    connectTimeout: PROBE_TIMEOUT_MS,
  });
  try {
    await connection.withDeadline(Date.now() + READY_TIMEOUT_MS, async () => {
      await ensureNamespace(connection, namespace);
      await ensureSearchAttributes(connection, namespace, searchAttributes);
    });
  } catch (error) {
    if (error instanceof SearchAttributeConflict) throw new ServerStartFailed(`${WHAT}: ${error.message}`);
    throw error;
  } finally {
    await connection.close();
  }
  await fetch(`http://127.0.0.1:${server.uiPort}/`, { signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) });
}

/** Over an existing file, and in an adopted server, the `--namespace` flag may not have been given. */
async function ensureNamespace(connection: Connection, namespace: string): Promise<void> {
  const { namespaces } = await connection.workflowService.listNamespaces({ pageSize: 1000 });
  if (namespaces.some((found) => found.namespaceInfo?.name === namespace)) return;
  await connection.workflowService.registerNamespace({
    namespace,
    workflowExecutionRetentionPeriod: { seconds: 24 * 60 * 60 } as never,
  });
}

/** One spelling per file, however it was reached, so that a survivor is recognised. */
async function realPathOf(dbFile: string): Promise<string> {
  await mkdir(dirname(dbFile), { recursive: true, mode: 0o700 });
  return join(await realpath(dirname(dbFile)), basename(dbFile));
}
