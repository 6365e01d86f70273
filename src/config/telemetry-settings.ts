import { Type, type Static } from 'typebox';
import { RUNNER_VARIABLES } from '../domain/runner-program.js';
import { ConfigurationError } from './configuration-error.js';
import { count, optionalText, URL_PATTERN } from './setting.js';

/** OpenTelemetry's own variables, as far as they are looked at here; headers, certificates and compression its exporters read themselves. */
export const TELEMETRY_SETTINGS = {
  OTEL_EXPORTER_OTLP_ENDPOINT: optionalText('Where spans and metrics go by OTLP over HTTP; nowhere when absent', {
    pattern: URL_PATTERN,
  }),
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: optionalText('Where spans go instead: the full address', {
    pattern: URL_PATTERN,
  }),
  OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: optionalText('Where metrics go instead: the full address', {
    pattern: URL_PATTERN,
  }),
  OTEL_SDK_DISABLED: Type.Enum(['true', 'false'] as const, {
    description: 'Sends nothing anywhere, whatever else is set',
    default: 'false',
  }),
  OTEL_TRACES_SAMPLER_ARG: Type.Number({
    description: 'Share of the traces that begin here which is kept, from 0 to 1; a caller’s trace is kept as it says',
    minimum: 0,
    maximum: 1,
    default: 1,
  }),
  OTEL_METRIC_EXPORT_INTERVAL: count('Milliseconds between two sendings of metrics', {
    minimum: 100,
    maximum: 3_600_000,
    default: 60_000,
  }),
  OTEL_SERVICE_NAME: optionalText('What the manager calls itself; agentrun-mgr when absent'),
  AGENTRUN_RUNNER_OTLP_ENDPOINT: optionalText(
    'Where runners reach the collector, if not at OTEL_EXPORTER_OTLP_ENDPOINT; they are given no headers',
    { pattern: URL_PATTERN },
  ),
  AGENTRUN_TRACE_UI_URL: optionalText(
    "Address of a trace in your traces' web interface, with {traceId} where the trace's 32 hexadecimal digits go, for the console's links to it",
    { pattern: URL_PATTERN },
  ),
};

type TelemetryVariables = Static<Type.TObject<typeof TELEMETRY_SETTINGS>>;

export interface TelemetryTargets {
  readonly tracesUrl: string | undefined;
  readonly metricsUrl: string | undefined;
  readonly samplerRatio: number;
  readonly metricIntervalMs: number;
  readonly resource: Readonly<Record<string, string>>;
}

/** Where this process sends what; `resource` is how it names itself beside its service's name. */
export function telemetryTargets(
  settings: TelemetryVariables,
  resource: Readonly<Record<string, string>>,
): TelemetryTargets {
  const isOff = settings.OTEL_SDK_DISABLED === 'true';
  const { OTEL_EXPORTER_OTLP_ENDPOINT: base } = settings;
  return {
    tracesUrl: isOff ? undefined : (settings.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT ?? signalUrl(base, 'traces')),
    metricsUrl: isOff ? undefined : (settings.OTEL_EXPORTER_OTLP_METRICS_ENDPOINT ?? signalUrl(base, 'metrics')),
    samplerRatio: settings.OTEL_TRACES_SAMPLER_ARG,
    metricIntervalMs: settings.OTEL_METRIC_EXPORT_INTERVAL,
    resource: { 'service.name': settings.OTEL_SERVICE_NAME ?? 'agentrun-mgr', ...resource },
  };
}

/** Variables of a runner. No header is among them: an agent shares its machine with the runner, and a collector's key is a secret. */
export function runnerTelemetry(settings: TelemetryVariables): Record<string, string> {
  const { tracesUrl } = telemetryTargets(settings, {});
  const own = signalUrl(settings.AGENTRUN_RUNNER_OTLP_ENDPOINT, 'traces');
  const url = tracesUrl === undefined ? undefined : (own ?? tracesUrl);
  return url === undefined ? {} : { [RUNNER_VARIABLES.tracesUrl]: url };
}

function signalUrl(base: string | undefined, signal: string): string | undefined {
  return base === undefined ? undefined : `${base.replace(/\/+$/, '')}/v1/${signal}`;
}

/** Where a trace is to be seen, with `{traceId}` in it; undefined where none is set. @throws ConfigurationError that names the variable. */
export function readTraceUiUrl({ AGENTRUN_TRACE_UI_URL: template }: TelemetryVariables): string | undefined {
  if (template === undefined) return undefined;
  const hint = 'for example http://jaeger:16686/trace/{traceId}';
  if (!template.includes('{traceId}')) {
    throw new ConfigurationError(`AGENTRUN_TRACE_UI_URL must have {traceId} where the id of a trace goes, ${hint}`);
  }
  return template;
}
