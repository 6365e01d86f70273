import type { Middleware } from 'koa';
import { newTraceId } from '../../domain/new-id.js';
import { idOfTrace } from '../../domain/trace-id.js';
import { stateOf } from '../request-state.js';

const OWN = /^trc_[0-9a-z]{8,60}$/;
/** W3C Trace Context: version, trace id, parent id, flags. */
const TRACEPARENT = /^[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

/** Names the request: by the caller's trace where it sent a well-formed one, else anew. The name is in the answer's header too. */
export function traceId(): Middleware {
  return (ctx, next) => {
    const state = stateOf(ctx);
    state.traceId = traceIdOf(ctx.get('x-trace-id'), ctx.get('traceparent'));
    ctx.res.setHeader('x-trace-id', state.traceId);
    return next();
  };
}

export function traceIdOf(own: string, traceparent: string): string {
  if (OWN.test(own)) return own;
  const trace = TRACEPARENT.exec(traceparent)?.[1];
  return trace === undefined ? newTraceId() : idOfTrace(trace);
}
