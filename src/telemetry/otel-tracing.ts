import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace, TraceFlags, type Context, type Span } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  RandomIdGenerator,
  SamplingDecision,
  TraceIdRatioBasedSampler,
  TracerProvider,
  type IdGenerator,
} from '@opentelemetry/sdk-trace';
import type { TelemetrySettings } from './settings.js';
import type { TraceContext } from './trace-context.js';
import { within } from './within.js';
import {
  currentTrace,
  withinTrace,
  type Attributes,
  type OpenSpan,
  type RecordedSpan,
  type SpanOptions,
  type Tracing,
} from './tracing.js';

const KINDS = { server: SpanKind.SERVER, client: SpanKind.CLIENT, internal: SpanKind.INTERNAL };

/** A collector that does not answer must not hold up the end of a process. */
const LAST_EXPORT_MS = 2_000;

/** Loaded only where spans go somewhere: see `startTracing`. */
export function otelTracing(url: string, { resource, samplerRatio }: TelemetrySettings): Tracing {
  const ids = new ChosenIds();
  const ratio = new TraceIdRatioBasedSampler(samplerRatio);
  const provider = new TracerProvider({
    resource: resourceFromAttributes(resource),
    sampler: new ParentBasedSampler({ root: ratio }),
    idGenerator: ids,
    spanProcessors: [new BatchSpanProcessor({ exporter: new OTLPTraceExporter({ url }), scheduledDelayMillis: 1_000 })],
  });
  const tracer = provider.getTracer('agentrun');
  const start = (name: string, options: RecordedSpan): Span => {
    const parent = options.parent === undefined ? currentTrace() : (options.parent ?? undefined);
    ids.choose(options);
    const { attributes = {}, kind = 'internal', startMs: startTime, link } = options;
    const links = link === undefined ? [] : [{ context: spanContext(link) }];
    return tracer.startSpan(
      name,
      { kind: KINDS[kind], startTime, links, attributes: known(attributes) },
      contextOf(parent),
    );
  };
  return {
    isOn: true,
    samples: (traceId) => ratio.shouldSample(ROOT_CONTEXT, traceId).decision === SamplingDecision.RECORD_AND_SAMPLED,
    span: async (name, options, work) => {
      const span = start(name, options);
      try {
        return await withinTrace(traceContext(span), async () => work(openSpan(span)));
      } catch (error) {
        span.setStatus({ code: SpanStatusCode.ERROR });
        throw error;
      } finally {
        span.end();
      }
    },
    record: (name, options) => {
      const span = start(name, options);
      if (options.isError === true) span.setStatus({ code: SpanStatusCode.ERROR });
      span.end();
    },
    close: async () => within(LAST_EXPORT_MS, provider.shutdown()).catch(() => undefined),
  };
}

/** The ids of the next span that is started, where they are not left to chance. */
class ChosenIds implements IdGenerator {
  readonly #random = new RandomIdGenerator();
  #next: Pick<SpanOptions, 'traceId' | 'spanId'> = {};

  choose({ traceId, spanId }: SpanOptions): void {
    this.#next = { traceId, spanId };
  }

  generateTraceId(): string {
    return this.#next.traceId ?? this.#random.generateTraceId();
  }

  generateSpanId(): string {
    return this.#next.spanId ?? this.#random.generateSpanId();
  }
}

function openSpan(span: Span): OpenSpan {
  return {
    set: (attributes) => void span.setAttributes(known(attributes)),
    fail: (message) => void span.setStatus({ code: SpanStatusCode.ERROR, message }),
  };
}

function known(attributes: Attributes): Record<string, string | number | boolean> {
  const entries = Object.entries(attributes).filter(([, value]) => value !== undefined && value !== null);
  return Object.fromEntries(entries) as Record<string, string | number | boolean>;
}

function contextOf(parent: TraceContext | undefined): Context {
  return parent === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, spanContext(parent));
}

function spanContext({ traceId, spanId, sampled }: TraceContext) {
  return { traceId, spanId, traceFlags: sampled ? TraceFlags.SAMPLED : TraceFlags.NONE, isRemote: true };
}

function traceContext(span: Span): TraceContext {
  const { traceId, spanId, traceFlags } = span.spanContext();
  return { traceId, spanId, sampled: (traceFlags & 1) === 1 };
}
