import { traceOf } from '../domain/trace-id.js';
import { spanOf, type TraceContext } from './trace-context.js';
import { currentTrace, type SpanOptions, type Tracing } from './tracing.js';

/** Runs whose traces are remembered; others are asked for again. */
const REMEMBERED = 1_000;

/** Which trace each run belongs to: that of the request that made it. */
export class RunTraces {
  readonly #known = new Map<string, string | undefined>();

  /** `readTraceId` answers a run's `traceId`; undefined for a run that has no record. */
  constructor(
    private readonly tracing: Pick<Tracing, 'samples'>,
    private readonly readTraceId: (runId: string) => Promise<string | undefined>,
  ) {}

  /**
   * Where something of the run belongs: under what is under way, if that is of the run's trace; otherwise under the run's first span,
   * with a link to what is under way.
   */
  async placeOf(runId: string): Promise<Pick<SpanOptions, 'parent' | 'link'>> {
    const here = currentTrace();
    const traceId = await this.#traceOf(runId);
    if (traceId === undefined || here?.traceId === traceId) return { parent: here ?? null };
    return { parent: this.#rootOf(runId, traceId), ...(here !== undefined && { link: here }) };
  }

  /** The span of a runner Job, the same however often its launch is tried: a Job made twice must be one. */
  async jobSpanOf(runId: string, jobId: string): Promise<TraceContext | undefined> {
    const traceId = await this.#traceOf(runId);
    if (traceId === undefined) return undefined;
    return { traceId, spanId: spanOf(jobId), sampled: this.tracing.samples(traceId) };
  }

  #rootOf(runId: string, traceId: string): TraceContext {
    return { traceId, spanId: spanOf(runId), sampled: this.tracing.samples(traceId) };
  }

  async #traceOf(runId: string): Promise<string | undefined> {
    if (this.#known.has(runId)) return this.#known.get(runId);
    const id = await this.readTraceId(runId).catch(() => undefined);
    const traceId = id === undefined ? undefined : traceOf(id);
    if (traceId === undefined) return undefined;
    this.#known.set(runId, traceId);
    const [oldest] = this.#known.keys();
    if (this.#known.size > REMEMBERED && oldest !== undefined) this.#known.delete(oldest);
    return traceId;
  }
}
