import { hostname } from 'node:os';
import type { Logger } from 'pino';
import type { Settings } from '../config.js';
import { telemetryTargets } from '../config/telemetry-settings.js';
import type { Postgres } from '../postgres/index.js';
import { startMetrics } from '../telemetry/metrics.js';
import { readSdkFigures } from '../temporal/runtime.js';
import { RunTraces } from '../telemetry/run-traces.js';
import { startTracing } from '../telemetry/start-tracing.js';
import type { Telemetry } from '../telemetry/telemetry.js';

interface TelemetryOptions {
  readonly settings: Settings;
  readonly logger: Logger;
  readonly roles: { readonly api: boolean; readonly worker: boolean };
}

/** What this process tells of its work, and where. Needs no collector: without one nothing is sent, and figures are there to be fetched. */
export async function openTelemetry(
  { settings, logger, roles }: TelemetryOptions,
  postgres: Postgres,
): Promise<Telemetry> {
  const targets = telemetryTargets(settings, {
    'service.version': settings.AGENTRUN_SOURCE_COMMIT,
    'service.instance.id': `${hostname()}:${process.pid}`,
    'agentrun.role': roles.api && roles.worker ? 'manager' : roles.api ? 'api' : 'worker',
  });
  const tracing = await startTracing(targets);
  const readTraceId = async (runId: string) => (await postgres.runs.getRun(runId, 'all'))?.traceId;
  return {
    tracing,
    traces: new RunTraces(tracing, readTraceId),
    metrics: await startMetrics(targets, {
      // Of several processes those that serve the API tell what is in the database.
      ...(roles.api && { fleet: postgres.fleet }),
      ...(roles.worker && { sdk: readSdkFigures }),
    }),
    warn: (message, error) => logger.warn({ error: String(error) }, message),
  };
}
