import { AsyncLocalStorage } from 'node:async_hooks';
import type { TraceContext } from './trace-context.js';

export type AttributeValue = string | number | boolean;
/** Entries that are undefined or null are left out. */
export type Attributes = Readonly<Record<string, AttributeValue | null | undefined>>;

export interface SpanOptions {
  readonly attributes?: Attributes;
  readonly kind?: 'server' | 'client' | 'internal';
  /** Otherwise what is under way here; `null` begins a trace. */
  readonly parent?: TraceContext | null;
  /** Of a trace that begins here. */
  readonly traceId?: string;
  /** Otherwise a random one. */
  readonly spanId?: string;
  readonly link?: TraceContext;
}

/** A span while it is under way. */
export interface OpenSpan {
  set(attributes: Attributes): void;
  /** Marks it as failed. */
  fail(message?: string): void;
}

/** A span of something that is over already. */
export interface RecordedSpan extends SpanOptions {
  /** Epoch milliseconds; its end is now. */
  readonly startMs?: number;
  readonly isError?: boolean;
}

/** What a process tells of its work as spans. All of it is harmless where nobody listens. */
export interface Tracing {
  readonly isOn: boolean;
  /** Whether a trace of that id is kept, where its caller does not say. */
  samples(traceId: string): boolean;
  /** Does the work as part of a span of its own, which ends with it; an error that is thrown marks it as failed. */
  span<T>(name: string, options: SpanOptions, work: (span: OpenSpan) => Promise<T>): Promise<T>;
  record(name: string, options: RecordedSpan): void;
  /** Sends what is left; later spans are dropped. Never throws. */
  close(): Promise<void>;
}

const NOTHING: OpenSpan = { set: () => undefined, fail: () => undefined };

export const noTracing: Tracing = {
  isOn: false,
  samples: () => false,
  span: async (_name, _options, work) => work(NOTHING),
  record: () => undefined,
  close: async () => undefined,
};

const underWay = new AsyncLocalStorage<TraceContext | undefined>();

/** What the code that asks is a part of. */
export function currentTrace(): TraceContext | undefined {
  return underWay.getStore();
}

/** Does the work as a part of that. */
export function withinTrace<T>(context: TraceContext | undefined, work: () => T): T {
  return underWay.run(context, work);
}
