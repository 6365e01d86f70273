import { signedRunnerTokens } from '../auth/runner-tokens.js';
import { whyNoCodex } from '../backend-programs/find-codex.js';
import { ConfigurationError, type Settings } from '../config.js';
import { readRepositories } from '../config/repositories.js';
import { readRunnerImages } from '../config/runner-images.js';
import { allowedRepositories } from '../domain/repositories.js';
import { namedBy } from '../domain/allow-list.js';
import { loggable } from '../http/log-error.js';
import { backendsWithProfiles } from '../operations/backends/backends-with-profiles.js';
import { builtInBackends } from '../operations/backends/built-in-backends.js';
import type { OperationContext } from '../operations/context.js';
import { DEFAULT_RUN_LIMITS } from '../operations/runs/run-limits.js';
import { Sequencer } from '../operations/runs/sequencer.js';
import { SendQueue } from '../operations/sessions/send-queue.js';
import type { BackendCatalog } from '../ports/backend-catalog.js';
import type { QueueGateway, QueueSignals } from '../ports/queue-gateway.js';
import type { WebhookSender } from '../ports/webhook-sender.js';
import { isOnSearchPath } from '../processes/find-program.js';
import { observeGateway } from '../telemetry/observe-gateway.js';
import type { TemporalLink } from '../temporal/connection.js';
import { createPayloadReader } from '../temporal/payload-reader.js';
import { createQueueGateway } from '../temporal/queue-gateway.js';
import { createRunGateway } from '../temporal/run-gateway.js';
import { createRunnerGateway } from '../temporal/runner-gateway.js';
import { createScheduleGateway } from '../temporal/schedule-gateway.js';
import { createSessionGateway } from '../temporal/session-gateway.js';
import { createWebhookGateway } from '../temporal/webhook-gateway.js';
import { createWebhookSender } from '../webhooks/sender.js';
import { targetPolicy } from '../webhooks/target-policy.js';
import type { ManagerOptions, ManagerParts } from './manager-parts.js';

/** The adapters that operations work with. */
export function operationContext(
  options: ManagerOptions,
  { postgres, temporal, telemetry }: Omit<ManagerParts, 'operations'>,
): OperationContext {
  const { settings, platform, keys, logger } = options;
  return {
    ...postgres,
    payloads: createPayloadReader(temporal.dataConverter?.payloadCodecs ?? []),
    gateway: observeGateway(createRunGateway(temporal.client, postgres.runs), telemetry),
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
      leaseBackstopMs: DEFAULT_RUN_LIMITS.leaseBackstopMs,
      jobStopGraceMs: settings.AGENTRUN_JOB_STOP_GRACE_MS,
    },
    defaultSandbox: settings.AGENTRUN_DEFAULT_SANDBOX,
    continueAsNewAtEvents: settings.AGENTRUN_CONTINUE_AS_NEW_EVENTS,
    platform,
    volumes: platform.volumes,
    allowsImage: namedBy(readRunnerImages(settings)),
    allowsRepository: allowedRepositories(readRepositories(settings)),
    log: (message, { error, ...facts }) => logger.warn({ ...facts, error: loggable(error) }, message),
  };
}

export function queueGateway({ settings }: ManagerOptions, { client }: TemporalLink): QueueGateway & QueueSignals {
  return createQueueGateway(client, { continueAsNewAtEvents: settings.AGENTRUN_CONTINUE_AS_NEW_EVENTS });
}

export function backendCatalog({ settings, platform, searchPath, cacheDir }: ManagerOptions): BackendCatalog {
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
