import { MetricsBuffer, Runtime, type BufferedMetricUpdate, type RuntimeOptions } from '@temporalio/worker';

/** More than a busy worker counts between two readings. */
const BUFFERED = 100_000;

const figures = new MetricsBuffer({ maxBufferSize: BUFFERED, useSecondsForDurations: true });
let isInstalled = false;

/** Sends the SDK's own log lines to ours, those of its native part too. Once per process, before the first worker. */
export function installRuntime(logger: NonNullable<RuntimeOptions['logger']>): void {
  const logging = { forward: {}, filter: { core: 'WARN', other: 'ERROR' } } as const;
  const metrics = { buffer: figures, attachServiceName: false };
  Runtime.install({ logger, shutdownSignals: [], telemetryOptions: { logging, metrics } });
  isInstalled = true;
}

/** What the SDK counted and timed since it was asked last, times in seconds; nothing in a process without its runtime. */
export function readSdkFigures(): Iterable<BufferedMetricUpdate> {
  return isInstalled ? figures.retrieveUpdates() : [];
}
