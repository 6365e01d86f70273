import { fileURLToPath } from 'node:url';
import type { Logger } from 'pino';
import { createActivities } from '../../activities/index.js';
import { createAuthenticator } from '../auth/authenticate.js';
import { OperatorTokens } from '../auth/operator-tokens.js';
import { signedRunnerTokens } from '../auth/runner-tokens.js';
import { whyNoCodex } from '../backend-programs/find-codex.js';
import { ConfigurationError, readOperators, type Settings } from '../config.js';
import { readRunnerRetention } from '../config/runner-retention.js';
import { SEARCH_ATTRIBUTES } from '../domain/search-attributes.js';
import { readConsoleFiles } from '../http/console/console-files.js';
import { loggable } from '../http/log-error.js';
import type { HttpDependencies } from '../http/dependencies.js';
import { serve, serveHealth, type RunningServer } from '../http/server.js';
import { backendsWithProfiles } from '../operations/backends/backends-with-profiles.js';
import { builtInBackends } from '../operations/backends/built-in-backends.js';
import type { OperationContext } from '../operations/context.js';
import { SendQueue } from '../operations/sessions/send-queue.js';
import { Sequencer } from '../operations/runs/sequencer.js';
import type { BackendCatalog } from '../ports/backend-catalog.js';
import type { AipodSpecDraft } from '../ports/aipod-spec-store.js';
import type { QueueGateway, QueueSignals } from '../ports/queue-gateway.js';
import type { RunnerPlatform } from '../ports/runner-platform.js';
import type { WebhookSender } from '../ports/webhook-sender.js';
import { openPostgres, type Postgres } from '../postgres/index.js';
import { migrate } from '../postgres/migrate.js';
import { isOnSearchPath } from '../processes/find-program.js';
import { awaitTemporal, connectTemporal, type TemporalLink } from '../temporal/connection.js';
import { createQueueGateway } from '../temporal/queue-gateway.js';
import { createScheduleGateway } from '../temporal/schedule-gateway.js';
import { createSessionGateway } from '../temporal/session-gateway.js';
import { createRunnerGateway } from '../temporal/runner-gateway.js';
import { createRunGateway } from '../temporal/run-gateway.js';
import { ensureWatchers } from '../temporal/watchers.js';
import { createWebhookGateway } from '../temporal/webhook-gateway.js';
import { startWorker, type RunningWorker } from '../temporal/worker.js';
import { createWebhookSender } from '../webhooks/sender.js';
import { targetPolicy } from '../webhooks/target-policy.js';
import { ensureSearchAttributes } from '../../temporal-dev/search-attributes.js';
import { loadAipodSpecs, readAipodSpecDirectory } from './aipod-spec-directory.js';
import { observeGateway, observeLaunches } from '../telemetry/observe-gateway.js';
import { observeRequests } from '../telemetry/observe-requests.js';
import { observeStores } from '../telemetry/observe-stores.js';
import type { Telemetry } from '../telemetry/telemetry.js';
import { tracedActivity, tracedClient } from '../telemetry/temporal-interceptors.js';
import { startBeating } from './beat.js';
import type { Keys } from './keys.js';
import { openTelemetry } from './telemetry.js';

export interface ManagerOptions {
  readonly settings: Settings;
  readonly databaseUrl: string;
  readonly temporalAddress: string;
  /** Of the Temporal that was started with this manager; the settings' own comes first. */
  readonly temporalUiUrl?: string;
  readonly keys: Keys;
  readonly platform: RunnerPlatform;
  readonly searchPath: string;
  /** Where `agentrun backend install` puts programs. */
  readonly cacheDir: string;
  readonly logger: Logger;
  /** What of the manager this process is; both in the embedded stack. */
  readonly roles: { readonly api: boolean; readonly worker: boolean };
}

export interface Manager {
  /** Where the API listens; undefined for a process that only works. */
  readonly url: string | undefined;
  /** Rejects when a part of the manager fails for good. */
  readonly failed: Promise<never>;
  /** Stops taking requests and tasks, lets what is under way come to an end, and closes everything. Runners go on. */
  stop(): Promise<void>;
}

const TEMPORAL_TIMEOUT_MS = 60_000;
/** Where `npm run build` puts the console: beside what this file is compiled to. */
const CONSOLE_FOLDER = fileURLToPath(new URL('../../console/', import.meta.url));

/** Builds every part from its adapters and starts them: the one place where all of them meet. */
export async function startManager(options: ManagerOptions): Promise<Manager> {
  const { settings, logger } = options;
  // Read and checked before anything is touched; applied before anybody is served.
  const specs = options.roles.api ? await readAipodSpecDirectory(settings) : [];
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
  const temporal = connectTemporal({ address: options.temporalAddress, namespace, interceptors });
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
  { postgres, telemetry, operations }: Omit<WorkParts, 'temporal'>,
  specs: readonly AipodSpecDraft[],
  closing: (() => Promise<unknown>)[],
): Promise<RunningServer> {
  const { settings, logger } = options;
  await loadAipodSpecs(postgres.specs, specs, logger);
  const consoleFiles = await readConsoleFiles(CONSOLE_FOLDER);
  const { AGENTRUN_HOST: host, AGENTRUN_PORT: port, AGENTRUN_SHUTDOWN_DELAY_MS: leaveMs } = settings;
  const server = await serve(
    { ...httpDependencies(options, { postgres, telemetry, operations }), consoleFiles },
    { host, port, leaveMs },
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

function httpDependencies(
  options: ManagerOptions,
  { postgres, telemetry, operations }: Omit<WorkParts, 'temporal'>,
): HttpDependencies {
  const { settings, platform, keys, logger } = options;
  const operators = operatorTokens(settings, keys);
  return {
    operations,
    authenticator: createAuthenticator(operators, signedRunnerTokens(keys.runnerTokenKey)),
    logger,
    telling: observeRequests(telemetry.tracing, telemetry.metrics),
    probes: {
      database: async () => postgres.ready(),
      temporal: async () => operations.gateway.ready(),
      platform: async () => platform.ready(),
    },
    settings: {
      sourceCommit: settings.AGENTRUN_SOURCE_COMMIT,
      databaseAdapter: 'postgres',
      databaseUrlUsed: true,
      platformKind: platform.kind,
      temporalUiUrl: settings.AGENTRUN_TEMPORAL_UI_URL ?? options.temporalUiUrl ?? null,
      temporalNamespace: settings.AGENTRUN_TEMPORAL_NAMESPACE,
      operatorTokens: operators.count,
      bodyLimitBytes: settings.AGENTRUN_MAX_BODY_BYTES,
    },
  };
}

interface WorkParts {
  readonly postgres: Postgres;
  readonly temporal: TemporalLink;
  readonly telemetry: Telemetry;
  readonly operations: OperationContext;
}

async function startWork(
  options: ManagerOptions,
  { postgres, temporal, telemetry, operations }: WorkParts,
  apiUrl: string | undefined,
  closing: (() => Promise<unknown>)[],
): Promise<RunningWorker> {
  const { settings, platform, keys, logger, temporalAddress } = options;
  const stopping = new AbortController();
  const runnerRetention = readRunnerRetention(settings);
  const activities = createActivities({
    ...postgres,
    platform: observeLaunches(platform, telemetry),
    backends: backendCatalog(options),
    tokens: signedRunnerTokens(keys.runnerTokenKey),
    signals: createRunGateway(temporal.client),
    queueSignals: queueGateway(options, temporal),
    operations,
    retention: {
      eventRetentionDays: settings.AGENTRUN_EVENT_RETENTION_DAYS,
      idempotencyRetentionHours: settings.AGENTRUN_IDEMPOTENCY_RETENTION_HOURS,
      workspaceRetentionHours: settings.AGENTRUN_WORKSPACE_RETENTION_HOURS,
      webhookLogRetentionDays: settings.AGENTRUN_WEBHOOK_LOG_RETENTION_DAYS,
    },
    runnerRetention,
    managerUrl: managerUrl(options, apiUrl),
    stopping: stopping.signal,
    log: (message, facts) => logger.info(facts, message),
  });
  let polls = (): boolean => false;
  await startHealth(options, httpDependencies(options, { postgres, telemetry, operations }), () => polls(), closing);
  const worker = await startWorker(
    { address: temporalAddress, namespace: settings.AGENTRUN_TEMPORAL_NAMESPACE },
    activities,
    telemetry.tracing.isOn ? (activity) => tracedActivity(telemetry.tracing, activity) : undefined,
  );
  polls = () => worker.isPolling();
  closing.unshift(async () => {
    stopping.abort();
    await worker.stop();
  });
  await ensureWatchers(temporal.client, { retainRunners: runnerRetention !== undefined });
  return worker;
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

function operationContext(
  options: ManagerOptions,
  { postgres, temporal, telemetry }: Omit<WorkParts, 'operations'>,
): OperationContext {
  const { settings, platform, keys, logger } = options;
  return {
    ...postgres,
    gateway: observeGateway(createRunGateway(temporal.client), telemetry),
    sessionGateway: createSessionGateway(temporal.client),
    runnerGateway: createRunnerGateway(temporal.client),
    webhookGateway: createWebhookGateway(temporal.client),
    scheduleGateway: createScheduleGateway(temporal.client),
    webhookSender: webhookSender(settings),
    queueGateway: queueGateway(options, temporal),
    sends: new SendQueue(),
    sequencer: new Sequencer(),
    runnerTokens: signedRunnerTokens(keys.runnerTokenKey),
    backends: backendCatalog(options),
    secrets: platform.secrets,
    limits: {
      startDeadlineMs: settings.AGENTRUN_START_DEADLINE_MS,
      unclaimedTtlMs: settings.AGENTRUN_UNCLAIMED_RUN_TTL_MS,
      cancelGraceMs: settings.AGENTRUN_CANCEL_GRACE_MS,
      limitGraceMs: settings.AGENTRUN_LIMIT_GRACE_MS,
      runnerIdleTimeoutMs: settings.AGENTRUN_RUNNER_IDLE_TIMEOUT_MS,
      leaseBackstopMs: 3_600_000,
      jobStopGraceMs: settings.AGENTRUN_JOB_STOP_GRACE_MS,
    },
    continueAsNewAtEvents: settings.AGENTRUN_CONTINUE_AS_NEW_EVENTS,
    platform,
    volumes: platform.volumes,
    log: (message, { error, ...facts }) => logger.warn({ ...facts, error: loggable(error) }, message),
  };
}

function queueGateway({ settings }: ManagerOptions, { client }: TemporalLink): QueueGateway & QueueSignals {
  return createQueueGateway(client, { continueAsNewAtEvents: settings.AGENTRUN_CONTINUE_AS_NEW_EVENTS });
}

function backendCatalog({ settings, platform, searchPath, cacheDir }: ManagerOptions): BackendCatalog {
  // In a cluster programs are the runner image's, which nobody here can look into.
  const elsewhere = platform.kind === 'kubernetes';
  const hasProgram = async (program: string) => elsewhere || isOnSearchPath(program, searchPath);
  const builtIn = builtInBackends(hasProgram, async () =>
    elsewhere ? null : whyNoCodex({ explicitPath: settings.AGENTRUN_CODEX_PATH, pathEnv: searchPath, cacheDir }),
  );
  return backendsWithProfiles(builtIn, platform.secrets, hasProgram);
}

/** @throws ConfigurationError */
function webhookSender({ AGENTRUN_WEBHOOK_ALLOWED_HOSTS: allowed }: Settings): WebhookSender {
  try {
    return createWebhookSender(targetPolicy(allowed));
  } catch (error) {
    throw new ConfigurationError(`AGENTRUN_WEBHOOK_ALLOWED_HOSTS: ${(error as Error).message}`);
  }
}

/** Tokens from the settings; without any, the one that was made for this installation. */
function operatorTokens(settings: Settings, keys: Keys): OperatorTokens {
  const configured = readOperators(settings);
  return new OperatorTokens(
    configured.length > 0 ? configured : [{ name: 'operator', token: keys.operatorToken, tenants: 'all' }],
  );
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
