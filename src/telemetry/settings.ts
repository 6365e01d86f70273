/** Where telemetry goes, and what it says of the process it comes from. */
export interface TelemetrySettings {
  /** Undefined: nobody wants spans. */
  readonly tracesUrl: string | undefined;
  /** Undefined: metrics are only to be fetched. */
  readonly metricsUrl: string | undefined;
  /** From 0 (none) to 1 (all), of the traces that begin here. */
  readonly samplerRatio: number;
  readonly metricIntervalMs: number;
  /** By OpenTelemetry's names: `service.name` … */
  readonly resource: Readonly<Record<string, string>>;
}
