import type { TelemetrySettings } from './settings.js';
import { noTracing, type Tracing } from './tracing.js';

/** Nothing of OpenTelemetry is loaded where nobody wants spans. */
export async function startTracing(settings: TelemetrySettings): Promise<Tracing> {
  if (settings.tracesUrl === undefined) return noTracing;
  const { otelTracing } = await import('./otel-tracing.js');
  return otelTracing(settings.tracesUrl, settings);
}
