import type { Counter, Histogram, Meter } from '@opentelemetry/api';
import { PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  MeterProvider,
  MetricReader,
  PeriodicExportingMetricReader,
  type IMetricReader,
} from '@opentelemetry/sdk-metrics';
import type { FleetGauges, FleetReading } from '../ports/fleet-gauges.js';
import { METRICS, type MetricName } from './metric-names.js';
import { SdkFigures, type SdkFigure } from './sdk-figures.js';
import type { TelemetrySettings } from './settings.js';
import { within } from './within.js';

type Labels = Readonly<Record<string, string | number>>;

export interface Metrics {
  count(name: MetricName, labels?: Labels, by?: number): void;
  /** In seconds. */
  observe(name: MetricName, seconds: number, labels?: Labels): void;
  /** All of them in Prometheus' text format. */
  scrape(): Promise<string>;
  close(): Promise<void>;
}

/** Scrapes in quick succession, of several Prometheus servers perhaps, ask the database once. */
const READING_LIVES_MS = 5_000;
/** A database that is down costs a scrape no more. */
const READING_MS = 1_000;
const SCRAPE_MS = 2_000;
const CLOSE_MS = 2_000;

const LATENCY_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

interface Sources {
  /** What is in the database: of several processes some have it, so that it counts once. */
  readonly fleet?: FleetGauges;
  /** What Temporal's SDK counted since it was asked last. */
  readonly sdk?: () => Iterable<SdkFigure>;
}

/** The figures of one process. */
export async function startMetrics(settings: TelemetrySettings, { fleet, sdk }: Sources = {}): Promise<Metrics> {
  const scraped = new ScrapedReader();
  const exporting = await exportingReader(settings);
  const readers = exporting === undefined ? [scraped] : [scraped, exporting];
  const provider = new MeterProvider({ resource: resourceFromAttributes(settings.resource), readers });
  const meter = provider.getMeter('agentrun');
  if (fleet !== undefined) observeFleet(meter, fleet);
  const ofSdk = sdk && new SdkFigures(meter, sdk, LATENCY_SECONDS);
  const counters = new Map<MetricName, Counter>();
  const histograms = new Map<MetricName, Histogram>();
  const counter = (name: MetricName) =>
    found(counters, name, () => meter.createCounter(name, { description: METRICS[name] }));
  const histogram = (name: MetricName) =>
    found(histograms, name, () =>
      meter.createHistogram(name, {
        description: METRICS[name],
        advice: { explicitBucketBoundaries: LATENCY_SECONDS },
      }),
    );
  // Known from the beginning, so that a rate of it is 0 rather than nothing.
  counter('agentrun_lease_expiries_total').add(0);
  const serializer = new PrometheusSerializer(undefined, false, undefined, true, true);
  return {
    count: (name, labels = {}, by = 1) => counter(name).add(by, labels),
    observe: (name, seconds, labels = {}) => histogram(name).record(seconds, labels),
    scrape: async () => {
      ofSdk?.handOn();
      const { resourceMetrics } = await scraped.collect({ timeoutMillis: SCRAPE_MS });
      return serializer.serialize(resourceMetrics);
    },
    close: async () => {
      ofSdk?.close();
      await within(CLOSE_MS, provider.shutdown()).catch(() => undefined);
    },
  };
}

/** Loaded only where figures are sent somewhere. */
async function exportingReader({
  metricsUrl: url,
  metricIntervalMs,
}: TelemetrySettings): Promise<IMetricReader | undefined> {
  if (url === undefined) return undefined;
  const { OTLPMetricExporter } = await import('@opentelemetry/exporter-metrics-otlp-http');
  const exportTimeoutMillis = Math.min(metricIntervalMs, 10_000);
  return new PeriodicExportingMetricReader({
    exporter: new OTLPMetricExporter({ url }),
    exportIntervalMillis: metricIntervalMs,
    exportTimeoutMillis,
  });
}

class ScrapedReader extends MetricReader {
  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}
}

function found<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}

/** One statement for all of them. Where it fails they are left out, and the others told all the same. */
function observeFleet(meter: Meter, fleet: FleetGauges): void {
  const gauge = (name: MetricName) => meter.createObservableGauge(name, { description: METRICS[name] });
  const [runs, tasks, oldest] = [
    gauge('agentrun_runs'),
    gauge('agentrun_queue_tasks'),
    gauge('agentrun_queue_oldest_pending_seconds'),
  ];
  const read = remembering(fleet);
  meter.addBatchObservableCallback(
    async (result) => {
      const reading = await read();
      if (reading === undefined) return;
      for (const { status, count } of reading.runs) result.observe(runs, count, { status });
      for (const { state, count } of reading.tasks) result.observe(tasks, count, { state });
      result.observe(oldest, reading.oldestPendingMs / 1_000);
    },
    [runs, tasks, oldest],
  );
}

function remembering(fleet: FleetGauges): () => Promise<FleetReading | undefined> {
  let last: { readonly atMs: number; readonly reading: Promise<FleetReading | undefined> } | undefined;
  return async () => {
    if (last === undefined || performance.now() - last.atMs > READING_LIVES_MS) {
      const reading = within(READING_MS, fleet.read()).catch(() => undefined);
      last = { atMs: performance.now(), reading };
    }
    return last.reading;
  };
}
