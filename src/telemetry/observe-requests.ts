import { performance } from 'node:perf_hooks';
import type { Metrics } from './metrics.js';
import { traceOf } from '../domain/trace-id.js';
import { parseTraceparent } from './trace-context.js';
import { withinTrace, type Attributes, type OpenSpan, type Tracing } from './tracing.js';

/** A request as far as it is told: its route's pattern, never its address, and nothing of its body. */
export interface ToldRequest {
  readonly method: string;
  readonly route: string;
  /** How the answer calls the trace. */
  readonly traceId: string;
  readonly traceparent: string | undefined;
  /** Comes so often that it has no span of its own. */
  readonly quiet: boolean;
}

export interface RequestTelling {
  /** Does the work of a request; `statusOf` says how it was answered, with the error that was thrown. */
  tell<T>(
    request: ToldRequest,
    statusOf: (error?: unknown) => number,
    work: (span: OpenSpan) => Promise<T>,
  ): Promise<T>;
  /** A span, by the name that operators search for, of what an operation did. */
  span<T>(name: string, attributes: Attributes, work: (span: OpenSpan) => Promise<T>): Promise<T>;
  scrape(): Promise<string>;
}

export function observeRequests(tracing: Tracing, metrics: Metrics): RequestTelling {
  return {
    async tell(request, statusOf, work) {
      const startedMs = performance.now();
      const observe = (status: number) => {
        const seconds = (performance.now() - startedMs) / 1_000;
        const { method, route } = request;
        metrics.observe('agentrun_http_request_duration_seconds', seconds, { method, route, status });
      };
      // Most requests are told by their figures alone, and should cost no more than those.
      if (!tracing.isOn) return observed(work, statusOf, observe);
      // Thrown outside the span: a refusal is an answer, and no fault of ours.
      const outcome = await traced(tracing, request, async (span) => {
        const settled = await settle(work(span));
        const status = statusOf(...(settled.ok ? [] : [settled.error]));
        span.set({ 'http.response.status_code': status });
        if (status >= 500) span.fail();
        observe(status);
        return settled;
      });
      if (outcome.ok) return outcome.value;
      throw outcome.error;
    },
    span: async (name, attributes, work) => tracing.span(name, { attributes }, work),
    scrape: async () => metrics.scrape(),
  };
}

type Settled<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: unknown };

async function settle<T>(work: Promise<T>): Promise<Settled<T>> {
  return work.then(
    (value) => ({ ok: true, value }),
    (error: unknown) => ({ ok: false, error }),
  );
}

async function observed<T>(
  work: (span: OpenSpan) => Promise<T>,
  statusOf: (error?: unknown) => number,
  observe: (status: number) => void,
): Promise<T> {
  try {
    const value = await work(UNTOLD);
    observe(statusOf());
    return value;
  } catch (error) {
    observe(statusOf(error));
    throw error;
  }
}

const UNTOLD: OpenSpan = { set: () => undefined, fail: () => undefined };

/** The caller's trace goes on where the answer is named after it; otherwise one begins that has the answer's name. */
async function traced<T>(tracing: Tracing, request: ToldRequest, work: (span: OpenSpan) => Promise<T>): Promise<T> {
  const given = parseTraceparent(request.traceparent);
  const traceId = traceOf(request.traceId);
  const isNamedAfter = traceId === undefined || traceId === given?.traceId;
  if (request.quiet) return withinTrace(isNamedAfter ? given : undefined, async () => work(UNTOLD));
  const { method, route } = request;
  const attributes = { 'http.request.method': method, 'http.route': route };
  const place = isNamedAfter ? { parent: given ?? null } : { parent: null, link: given };
  return tracing.span(`${method} ${route}`, { kind: 'server', traceId, attributes, ...place }, work);
}
