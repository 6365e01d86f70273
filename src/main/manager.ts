import { join } from 'node:path';
import { createActivities } from '../../activities/index.js';
import { signedClaimTokens, signedRunnerTokens } from '../auth/runner-tokens.js';
import type { Settings } from '../config.js';
import { readPayloadKeys } from '../config/payload-settings.js';
import { readRunnerRetention } from '../config/runner-retention.js';
import { readWarmRunners } from '../config/warm-runners.js';
import { SEARCH_ATTRIBUTES } from '../domain/search-attributes.js';
import type { WarmPolicy } from '../domain/warm-pools.js';
import { readConsoleFiles } from '../http/console/console-files.js';
import type { HttpDependencies } from '../http/dependencies.js';
import { serve, serveHealth, type RunningServer } from '../http/server.js';
import type { AipodSpecDraft } from '../ports/aipod-spec-store.js';
import type { Retention } from '../ports/record-maintenance.js';
import { openPostgres } from '../postgres/index.js';
import { migrate } from '../postgres/migrate.js';
import { packageRoot } from '../processes/package-root.js';
import { dataConverter } from '../temporal/data-converter.js';
import { awaitTemporal, connectTemporal } from '../temporal/connection.js';
import { createRunGateway } from '../temporal/run-gateway.js';
import { ensureSearchAttributes } from '../temporal/search-attributes.js';
import { ensureWatchers } from '../temporal/watchers.js';
import { startWorker, type RunningWorker } from '../temporal/worker.js';
import { loadAipodSpecs, readAipodSpecDirectory } from './aipod-spec-directory.js';
import { observeLaunches } from '../telemetry/observe-gateway.js';
import { observeStores } from '../telemetry/observe-stores.js';
import { tracedActivity, tracedClient } from '../telemetry/temporal-interceptors.js';
import { startBeating } from './beat.js';
import { httpDependencies } from './http-dependencies.js';
import type { ManagerOptions, ManagerParts } from './manager-parts.js';
import { backendCatalog, operationContext, queueGateway } from './operation-context.js';
import { openTelemetry } from './telemetry.js';
import { readTemporalAccess } from './temporal-access.js';

export interface Manager {
  /** Where the API listens; undefined for a process that only works. */
  readonly url: string | undefined;
  /** Rejects when a part of the manager fails for good. */
  readonly failed: Promise<never>;
  /** Stops taking requests and tasks, lets what is under way come to an end, and closes everything. Runners go on. */
  stop(): Promise<void>;
}

const TEMPORAL_TIMEOUT_MS = 60_000;
/** Where `npm run build` puts the console. */
const CONSOLE_FOLDER = join(packageRoot, 'dist/console/');

/** Builds every part from its adapters and starts them: the one place where all of them meet. */
export async function startManager(options: ManagerOptions): Promise<Manager> {
  const { settings, logger } = options;
  // Read and checked before anything is touched; applied before anybody is served.
  const specs = options.roles.api ? await readAipodSpecDirectory(settings) : [];
  const access = await readTemporalAccess(settings);
  await migrate({ connectionString: options.databaseUrl, onMessage: (message) => logger.debug(message) });
  const namespace = settings.AGENTRUN_TEMPORAL_NAMESPACE;
  const untold = openPostgres({
    connectionString: options.databaseUrl,
    maxConnections: settings.AGENTRUN_DATABASE_CONNECTIONS,
    onConnectionError: (error) => logger.warn({ error: String(error) }, 'a database connection broke'),
  });
  const telemetry = await openTelemetry(options, untold);
  const postgres = { ...untold, ...observeStores(untold, telemetry) };
  const interceptors = telemetry.tracing.isOn ? [tracedClient(telemetry.tracing)] : [];
  const temporal = connectTemporal({
    address: options.temporalAddress,
    namespace,
    access,
    interceptors,
    dataConverter: dataConverter(readPayloadKeys(settings)),
  });
  const closing: (() => Promise<unknown>)[] = [
    () => postgres.close(),
    () => temporal.close(),
    () => telemetry.metrics.close(),
    () => telemetry.tracing.close(),
  ];
  try {
    await awaitTemporal(temporal.client, namespace, TEMPORAL_TIMEOUT_MS);
    await ensureSearchAttributes(temporal.connection, namespace, SEARCH_ATTRIBUTES);
    const operations = operationContext(options, { postgres, temporal, telemetry });
    const api = options.roles.api
      ? await startApi(options, { postgres, telemetry, operations }, specs, closing)
      : undefined;
    const parts = { postgres, temporal, telemetry, operations };
    const worker = options.roles.worker ? await startWork(options, parts, api?.url, closing) : undefined;
    return { url: api?.url, failed: failureOf(worker), stop: async () => closeAll(closing) };
  } catch (error) {
    await closeAll(closing);
    throw error;
  }
}

async function startApi(
  options: ManagerOptions,
  { postgres, telemetry, operations }: Omit<ManagerParts, 'temporal'>,
  specs: readonly AipodSpecDraft[],
  closing: (() => Promise<unknown>)[],
): Promise<RunningServer> {
  const { settings, logger } = options;
  await loadAipodSpecs(postgres.specs, specs, logger);
  const consoleFiles = await readConsoleFiles(CONSOLE_FOLDER);
  const { AGENTRUN_HOST: host, AGENTRUN_PORT: port, AGENTRUN_SHUTDOWN_DELAY_MS: leaveMs } = settings;
  const { AGENTRUN_MAX_CONNECTIONS: connections } = settings;
  const server = await serve(
    { ...httpDependencies(options, { postgres, telemetry, operations }), consoleFiles },
    { host, port, leaveMs, connections },
  );
  const stopBeating = startBeating(postgres.leases, (error) =>
    logger.warn({ error: String(error) }, 'no beat written'),
  );
  closing.unshift(async () => {
    await server.close();
    await stopBeating();
  });
  return server;
}

async function startWork(
  options: ManagerOptions,
  { postgres, temporal, telemetry, operations }: ManagerParts,
  apiUrl: string | undefined,
  closing: (() => Promise<unknown>)[],
): Promise<RunningWorker> {
  const { settings, platform, keys, logger, temporalAddress } = options;
  const stopping = new AbortController();
  const [runnerRetention, warm] = [readRunnerRetention(settings), readWarmRunners(settings)];
  const activities = createActivities({
    ...postgres,
    platform: observeLaunches(platform, telemetry),
    backends: backendCatalog(options),
    tokens: signedRunnerTokens(keys.runnerTokenKey),
    claimTokens: signedClaimTokens(keys.runnerTokenKey),
    signals: createRunGateway(temporal.client),
    queueSignals: queueGateway(options, temporal),
    operations,
    retention: readRetention(settings),
    runnerRetention,
    warm,
    managerUrl: managerUrl(options, apiUrl),
    stopping: stopping.signal,
    log: (message, facts) => logger.info(facts, message),
  });
  let polls = (): boolean => false;
  await startHealth(options, httpDependencies(options, { postgres, telemetry, operations }), () => polls(), closing);
  const worker = await startWorker(
    {
      address: temporalAddress,
      namespace: settings.AGENTRUN_TEMPORAL_NAMESPACE,
      access: temporal.access,
      dataConverter: temporal.dataConverter,
      cachedWorkflows: settings.AGENTRUN_WORKFLOW_CACHE,
    },
    activities,
    (activity) => tracedActivity(telemetry.tracing, activity),
  );
  polls = () => worker.isPolling();
  closing.unshift(async () => {
    stopping.abort();
    await worker.stop();
  });
  const keepWarm = await isKeptWarm(warm, postgres);
  await ensureWatchers(temporal.client, { retainRunners: runnerRetention !== undefined, keepWarm });
  return worker;
}

/** Also where no pool is left: what there was of it has to go. */
async function isKeptWarm({ pools }: WarmPolicy, { warmRunners }: ManagerParts['postgres']): Promise<boolean> {
  return pools.length > 0 || !(await warmRunners.isEmpty());
}

/** How long records are kept. */
function readRetention(settings: Settings): Retention {
  return {
    eventRetentionDays: settings.AGENTRUN_EVENT_RETENTION_DAYS,
    idempotencyRetentionHours: settings.AGENTRUN_IDEMPOTENCY_RETENTION_HOURS,
    workspaceRetentionHours: settings.AGENTRUN_WORKSPACE_RETENTION_HOURS,
    webhookLogRetentionDays: settings.AGENTRUN_WEBHOOK_LOG_RETENTION_DAYS,
  };
}

/** A process with an API tells it there. A worker is ready while it takes work: not before it does, and not while it lets the last of it come to an end. */
async function startHealth(
  { settings, roles }: ManagerOptions,
  dependencies: HttpDependencies,
  polls: () => boolean,
  closing: (() => Promise<unknown>)[],
): Promise<void> {
  const { AGENTRUN_HEALTH_PORT: port, AGENTRUN_HOST: host } = settings;
  if (port === undefined || roles.api) return;
  const { probes } = dependencies;
  const temporal = async () =>
    polls() ? probes.temporal() : { ready: false, message: 'this worker takes no work now' };
  const server = await serveHealth({ ...dependencies, probes: { ...probes, temporal } }, { host, port });
  closing.unshift(async () => server.close());
}

/** Where runners reach the manager: Pods never by the address that it listens on. */
function managerUrl({ settings, platform }: ManagerOptions, apiUrl: string | undefined): string {
  const ofCluster = clusterUrl(settings);
  return settings.AGENTRUN_INTERNAL_MGR_URL ?? (platform.kind === 'kubernetes' ? ofCluster : (apiUrl ?? ofCluster));
}

function clusterUrl(settings: Settings): string {
  return `http://agentrun-mgr.${settings.AGENTRUN_RUNTIME_NAMESPACE}.svc.cluster.local:8080`;
}

function failureOf(worker: RunningWorker | undefined): Promise<never> {
  const failed = new Promise<never>((_, reject) => {
    worker?.stopped.catch(reject);
  });
  // Whoever started the manager looks at it; until then it must not end the process by itself.
  failed.catch(() => undefined);
  return failed;
}

/** In the reverse order of starting; one that fails to close does not keep the others open. */
async function closeAll(closing: (() => Promise<unknown>)[]): Promise<void> {
  const failures: unknown[] = [];
  for (const close of closing.splice(0)) await close().catch((error: unknown) => failures.push(error));
  if (failures.length > 0) throw failures[0];
}
