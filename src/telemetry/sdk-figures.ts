import type { Counter, Gauge, Histogram, Meter } from '@opentelemetry/api';

/** One thing that Temporal's SDK counted (by how much), timed (seconds) or set. */
export interface SdkFigure {
  readonly metric: {
    readonly name: string;
    readonly kind: 'counter' | 'up-down-counter' | 'histogram' | 'gauge';
    readonly description?: string;
  };
  readonly value: number;
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
}

type Instrument = (value: number, attributes: SdkFigure['attributes']) => void;

/** The SDK keeps them until they are read, so many and no more. */
const READ_MS = 1_000;

/** Hands the figures of Temporal's SDK on, under the SDK's names (`temporal_…`). */
export class SdkFigures {
  readonly #instruments = new Map<string, Instrument>();
  readonly #timer: NodeJS.Timeout;

  constructor(
    private readonly meter: Meter,
    private readonly read: () => Iterable<SdkFigure>,
    private readonly boundaries: number[],
  ) {
    this.#timer = setInterval(() => this.handOn(), READ_MS).unref();
  }

  handOn(): void {
    for (const { metric, value, attributes } of this.read()) this.#instrument(metric)(value, attributes);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #instrument(metric: SdkFigure['metric']): Instrument {
    const known = this.#instruments.get(metric.name);
    if (known !== undefined) return known;
    const made = this.#make(metric);
    this.#instruments.set(metric.name, made);
    return made;
  }

  #make({ name, kind, description }: SdkFigure['metric']): Instrument {
    const options = { description };
    if (kind === 'histogram') {
      const histogram: Histogram = this.meter.createHistogram(name, {
        ...options,
        advice: { explicitBucketBoundaries: this.boundaries },
      });
      return (value, attributes) => histogram.record(value, attributes);
    }
    if (kind === 'gauge') {
      const gauge: Gauge = this.meter.createGauge(name, options);
      return (value, attributes) => gauge.record(value, attributes);
    }
    const counter: Counter =
      kind === 'counter' ? this.meter.createCounter(name, options) : this.meter.createUpDownCounter(name, options);
    return (value, attributes) => counter.add(value, attributes);
  }
}
