import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openPostgres, type Postgres } from '../src/postgres/index.js';
import { BareDatabase } from './bare/database.js';
import { BareTemporal } from './bare/temporal.js';
import { startChild } from './child.js';
import { JsonHttp } from './json-http.js';
import type { Spenders } from './rounds.js';
import { startServers } from './servers.js';

/** A run with a runner that holds it. */
export interface HeldRun {
  readonly id: string;
  readonly runnerId: string;
  /** The runner's own connection to the manager. */
  readonly runner: JsonHttp;
}

/** Everything that is compared, over the same two servers: the manager in a process of its own, and the floors beside it. */
export interface Bed {
  readonly folder: string;
  readonly temporalAddress: string;
  readonly databaseUrl: string;
  /** The manager, spoken to as an operator. */
  readonly api: JsonHttp;
  /** Our adapters in this process. */
  readonly postgres: Postgres;
  readonly bareDatabase: BareDatabase;
  readonly bareTemporal: BareTemporal;
  readonly bareHttp: JsonHttp;
  readonly pids: Readonly<Record<'manager' | 'postgres' | 'temporal' | 'bareHttp' | 'bareWorker', number>>;
  /** The first `count` of a stock of runs that are held by runners; made when first asked for. */
  heldRuns(count: number): Promise<HeldRun[]>;
  close(): Promise<void>;
}

export async function openBed(): Promise<Bed> {
  const folder = await mkdtemp(join(tmpdir(), 'agentrun-bench-'));
  const closing: (() => Promise<void>)[] = [() => rm(folder, { recursive: true, force: true })];
  const close = async () => {
    for (const step of closing.splice(0)) await step();
  };
  try {
    return { ...(await openParts(folder, closing)), folder, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function openParts(folder: string, closing: (() => Promise<void>)[]) {
  const servers = await startServers(folder);
  closing.unshift(() => servers.stop());
  const { databaseUrl, temporalAddress } = servers;
  const bareDatabase = new BareDatabase(databaseUrl, 30);
  closing.unshift(() => bareDatabase.close());
  const postgres = openPostgres({ connectionString: databaseUrl, maxConnections: 30 });
  closing.unshift(() => postgres.close());
  const manager = await startChild<{ url: string; operatorToken: string }>('manager', {
    databaseUrl,
    temporalAddress,
    dataDir: folder,
  });
  closing.unshift(() => manager.stop());
  const bareServer = await startChild<{ url: string }>('bare-http', { databaseUrl });
  closing.unshift(() => bareServer.stop());
  const bareWorker = await startChild('bare-worker', { address: temporalAddress });
  closing.unshift(() => bareWorker.stop());
  const bareTemporal = await BareTemporal.connect(temporalAddress);
  closing.unshift(() => bareTemporal.close());
  const api = new JsonHttp(manager.ready.url, manager.ready.operatorToken);
  const bareHttp = new JsonHttp(bareServer.ready.url);
  closing.unshift(async () => {
    api.close();
    bareHttp.close();
  });
  await bareDatabase.prepare([]);
  const heldRuns = stockOfRuns(api, bareDatabase);
  const pids = {
    manager: manager.pid,
    postgres: servers.postgresPid,
    temporal: servers.temporalPid,
    bareHttp: bareServer.pid,
    bareWorker: bareWorker.pid,
  };
  return { pids, temporalAddress, databaseUrl, api, postgres, bareDatabase, bareTemporal, bareHttp, heldRuns };
}

/** Whose processor time an operation over HTTP takes; the floor's server and ours stand in one column, since only one of them works at a time. */
export function httpSpenders({ pids }: Bed): Spenders {
  return { server: [pids.manager, pids.bareHttp], PostgreSQL: [pids.postgres] };
}

/** Longer than the bench takes: nobody renews them but who measures that. */
const LEASE_MS = 3_600_000;
const AT_ONCE = 8;

function stockOfRuns(api: JsonHttp, database: BareDatabase): Bed['heldRuns'] {
  const stock: HeldRun[] = [];
  return async (count) => {
    while (stock.length < count) {
      const missing = Math.min(AT_ONCE, count - stock.length);
      stock.push(...(await Promise.all(Array.from({ length: missing }, async () => holdRun(api)))));
    }
    const held = stock.slice(0, count);
    await database.prepare(held.map((run) => run.id));
    return held;
  };
}

export async function createRun(api: JsonHttp): Promise<string> {
  const body = { tenantId: 'bench', projectId: 'bench', backendProfile: 'exec' };
  return (await api.send('POST', '/api/v1/runs', body)).id;
}

const TRIES = 5;

/** Where a part does not answer in time, as on a machine that does much else, another one is made: this is no measurement. */
async function holdRun(api: JsonHttp): Promise<HeldRun> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await claimRun(api, await createRun(api));
    } catch (error) {
      if (tries === TRIES || !/: 503 /.test(String(error))) throw error;
    }
  }
}

export async function claimRun(api: JsonHttp, id: string): Promise<HeldRun> {
  const runnerId = `rnr_${id.slice('run_'.length)}`;
  const { runnerToken } = await api.send('POST', `/api/v1/runs/${id}/claim`, { runnerId, leaseMs: LEASE_MS });
  return { id, runnerId, runner: api.as(runnerToken) };
}
