import type { Metrics } from './metrics.js';
import type { RunTraces } from './run-traces.js';
import type { Tracing } from './tracing.js';

/** What a process of the manager tells of its work. */
export interface Telemetry {
  readonly tracing: Tracing;
  readonly traces: RunTraces;
  readonly metrics: Metrics;
  readonly warn: (message: string, error: unknown) => void;
}
