import type { Context, Middleware } from 'koa';
import type { Logger } from 'pino';
import { stateOf } from '../request-state.js';

/** One line a request: what, who, how it went. No body, no query and no header is in it. */
export function requestLog(logger: Logger): Middleware {
  return (ctx, next) => {
    const startedAt = performance.now();
    ctx.res.once('close', () => log(logger, ctx, Math.round(performance.now() - startedAt)));
    return next();
  };
}

function log(logger: Logger, ctx: Context, durationMs: number): void {
  const aborted = ctx.res.writableFinished ? {} : { aborted: true };
  const { traceId, quiet, ids } = stateOf(ctx);
  const level = ctx.status >= 500 ? 'warn' : quiet === true ? 'debug' : 'info';
  if (!logger.isLevelEnabled(level)) return;
  const line = {
    traceId,
    ...ids,
    method: ctx.method,
    path: ctx.path,
    status: ctx.status,
    durationMs,
    ...who(ctx),
    ...aborted,
  };
  logger[level](line, 'request');
}

function who(ctx: Context): Record<string, unknown> {
  const { principal } = stateOf(ctx);
  if (principal === undefined) return {};
  if (principal.kind === 'operator') return { principal: principal.name };
  return { principal: principal.runnerId, attempt: principal.attempt };
}
