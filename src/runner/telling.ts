import { formatTraceparent, parseTraceparent } from '../telemetry/trace-context.js';
import { startTracing } from '../telemetry/start-tracing.js';
import { currentTrace, withinTrace, type Attributes, type Tracing } from '../telemetry/tracing.js';
import type { RunnerConfig } from './config.js';

/** Spans of the runner's own; nothing where the manager named no place for them. */
export async function runnerTracing({ tracesUrl, sourceCommit, traceparent }: RunnerConfig): Promise<Tracing> {
  return startTracing({
    // Without a span to belong under there is nothing to tell: the run is not traced.
    tracesUrl: traceparent === undefined ? undefined : tracesUrl,
    metricsUrl: undefined,
    samplerRatio: 1,
    metricIntervalMs: 60_000,
    resource: { 'service.name': 'agentrun-runner', 'service.version': sourceCommit },
  });
}

/** The whole attempt as one span, under the span of its Job; what is called from within belongs under it. */
export function asAttempt<T>(tracing: Tracing, config: RunnerConfig, work: () => Promise<T>): Promise<T> {
  const { runId, runnerId, attemptId, jobName } = config;
  const attributes: Attributes = { runId, runnerId, attemptId, jobName };
  const parent = parseTraceparent(config.traceparent);
  return withinTrace(parent, async () => tracing.span('runner_attempt', { attributes }, work));
}

/** Names what a call belongs to. */
export function traceHeaders(): Record<string, string> {
  const here = currentTrace();
  return here === undefined ? {} : { traceparent: formatTraceparent(here) };
}
