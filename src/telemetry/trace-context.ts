import { createHash } from 'node:crypto';

/** Where in which trace something happens: W3C Trace Context's ids, in lower-case hexadecimal digits. */
export interface TraceContext {
  /** 32 digits. */
  readonly traceId: string;
  /** 16 digits. */
  readonly spanId: string;
  /** Whoever began the trace wants it kept. */
  readonly sampled: boolean;
}

const TRACEPARENT = /^[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})$/;

export function parseTraceparent(traceparent: string | undefined): TraceContext | undefined {
  const [, traceId, spanId, flags] = TRACEPARENT.exec(traceparent ?? '') ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

export function formatTraceparent({ traceId, spanId, sampled }: TraceContext): string {
  return `00-${traceId}-${spanId}-${sampled ? '01' : '00'}`;
}

/**
 * The span that belongs to a run (`run_created`) or to a runner Job. It follows from the id, so that every process can hang what it does
 * for them under it without having been told.
 */
export function spanOf(id: string): string {
  const digest = createHash('sha256').update(`agentrun span ${id}`).digest('hex').slice(0, 16);
  return digest === '0'.repeat(16) ? '0000000000000001' : digest;
}
