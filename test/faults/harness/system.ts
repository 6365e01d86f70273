import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { readSettings } from '../../../src/config.js';
import { createLocalPlatform } from '../../../src/main/local-runners.js';
import { migrate } from '../../../src/postgres/migrate.js';
import { freePort } from '../../../src/processes/free-port.js';
import { AgentRunProcess } from '../../support/agentrun-process.js';
import { Api, eventually } from '../../support/api.js';
import { startPostgresServer, type PostgresServer } from '../../support/postgres-server.js';
import { makeSshKey } from '../../support/ssh-git-server.js';
import { stopAtEnd } from '../../support/shared.js';
import { AUDIT } from '../checker/audit.js';
import { Network } from './network.js';
import { BACKOFF_MS, LEASE_MS } from './settings.js';
import { TemporalServer } from './temporal-server.js';

/** What each send and task says of its run: attempts enough for any number of faults. */
export const RUN = {
  tenantId: 'acme',
  projectId: 'shop',
  backendProfile: 'exec',
  retryPolicy: { maxAttempts: 30, backoffMs: BACKOFF_MS, maxBackoffMs: BACKOFF_MS },
};

/** As `RUN`; its agent is lent a key, which has to be gone with it. */
export const LENT_RUN = { ...RUN, executionPolicy: { secretScope: { toolCredentials: ['github-ssh'] } } };

/** The system under test: every part a process of its own that may be killed, stopped and started again. */
export class System {
  api!: AgentRunProcess;
  readonly workers: AgentRunProcess[] = [];
  readonly lentKey = makeSshKey();

  private constructor(
    readonly database: PostgresServer,
    readonly temporal: TemporalServer,
    /** Between runners and the API. */
    readonly network: Network,
    /** As every part is given them. */
    readonly settings: Record<string, string>,
    readonly url: string,
    readonly token: string,
    readonly dataDir: string,
  ) {}

  static async start(): Promise<System> {
    const dataDir = await mkdtemp(join(tmpdir(), 'agentrun-faults-'));
    const [database, temporal, port] = await Promise.all([startPostgresServer(), TemporalServer.start(), freePort()]);
    const { connectionString } = database;
    await migrate({ connectionString });
    const url = `http://127.0.0.1:${port}`;
    const network = await Network.before(url);
    const token = randomBytes(24).toString('base64url');
    const settings = settingsOf({ connectionString, temporal, dataDir, port, token, runnersReach: network.url });
    const system = new System(database, temporal, network, settings, url, token, dataDir);
    await system.query(AUDIT);
    await Promise.all([system.startApi(), system.startWorker()]);
    const credential = { privateKey: system.lentKey.private };
    await new Api(url, token).ok('PUT', '/api/v1/tool-credentials/github-ssh/credential', credential);
    return system;
  }

  get platform() {
    return createLocalPlatform(
      readSettings(this.settings),
      this.dataDir,
      randomBytes(32),
      process.env,
      () => undefined,
    );
  }

  async startApi(): Promise<void> {
    this.api = await AgentRunProcess.start('api', this.settings);
  }

  /** By what `start` starts, for the time of a fault. */
  async replaceWorkers(start: () => Promise<unknown>): Promise<void> {
    for (const worker of [...this.workers]) await this.killWorker(worker);
    await start();
  }

  /** `otherwise`: settings that this worker, and so the runners that it launches, have otherwise. */
  async startWorker(otherwise: Record<string, string> = {}): Promise<AgentRunProcess> {
    const worker = await AgentRunProcess.start('worker', { ...this.settings, ...otherwise });
    this.workers.push(worker);
    return worker;
  }

  async killWorker(worker: AgentRunProcess): Promise<void> {
    this.workers.splice(this.workers.indexOf(worker), 1);
    await worker.kill();
  }

  /** Resolves when every part answers again. */
  async ready(): Promise<void> {
    const api = new Api(this.url, this.token);
    await eventually(
      async () => api.request('GET', '/health/readiness').catch(() => ({ status: 0 })),
      ({ status }) => status === 200,
      90_000,
    );
  }

  /** By a connection of its own: the server may have been away since the last question. */
  async query<Row extends pg.QueryResultRow>(sql: string, values: unknown[] = []): Promise<Row[]> {
    const client = new pg.Client({ connectionString: this.database.connectionString });
    client.on('error', () => undefined);
    await client.connect();
    try {
      return (await client.query<Row>(sql, values.length > 0 ? values : undefined)).rows;
    } finally {
      await client.end();
    }
  }

  async stop(): Promise<void> {
    await Promise.all([this.api.stop(), ...this.workers.map(async (worker) => worker.stop())]);
    const { platform } = this;
    for (const { jobName } of await platform.list()) await platform.stop(jobName, { graceMs: 0 });
    await this.network.close();
    await Promise.all([this.temporal.remove(), this.database.remove()]);
    await rm(this.dataDir, { recursive: true, force: true });
  }
}

let shared: Promise<System> | undefined;

/** One for all faults of this process: starting it costs more than most rounds. */
export function theSystem(): Promise<System> {
  shared ??= System.start().then((system) => {
    stopAtEnd(async () => system.stop());
    return system;
  });
  return shared;
}

interface Parts {
  readonly connectionString: string;
  readonly temporal: TemporalServer;
  readonly dataDir: string;
  readonly port: number;
  readonly token: string;
  readonly runnersReach: string;
}

function settingsOf({ connectionString, temporal, dataDir, port, token, runnersReach }: Parts): Record<string, string> {
  return {
    AGENTRUN_DATABASE_URL: connectionString,
    AGENTRUN_TEMPORAL_ADDRESS: temporal.address,
    AGENTRUN_TEMPORAL_NAMESPACE: 'default',
    AGENTRUN_DATA_DIR: dataDir,
    AGENTRUN_PORT: String(port),
    AGENTRUN_OPERATOR_TOKEN: token,
    AGENTRUN_TOKEN_KEY: randomBytes(32).toString('hex'),
    AGENTRUN_INTERNAL_MGR_URL: runnersReach,
    // Each runner program that begins says so in its Job's log.
    AGENTRUN_LOG_LEVEL: 'info',
    AGENTRUN_RUNNER_LEASE_MS: String(LEASE_MS),
    AGENTRUN_RUNNER_IDLE_TIMEOUT_MS: '500',
    AGENTRUN_CANCEL_GRACE_MS: '3000',
    AGENTRUN_JOB_STOP_GRACE_MS: '2000',
    // Of a Job that was lost before it claimed nobody tells.
    AGENTRUN_START_DEADLINE_MS: '20000',
  };
}
