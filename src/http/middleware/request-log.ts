import type { Context, Middleware } from 'koa';
import type { Logger } from 'pino';
import type { Principal } from '../../domain/principal.js';

/** One line a request: what, who, how it went. No body, no query and no header is in it. */
export function requestLog(logger: Logger): Middleware {
  return async (ctx, next) => {
    const startedAt = performance.now();
    ctx.res.once('close', () => log(logger, ctx, Math.round(performance.now() - startedAt)));
    await next();
  };
}

function log(logger: Logger, ctx: Context, durationMs: number): void {
  const aborted = ctx.res.writableFinished ? {} : { aborted: true };
  const { traceId, quiet } = ctx.state;
  const line = { traceId, method: ctx.method, path: ctx.path, status: ctx.status, durationMs, ...who(ctx), ...aborted };
  if (ctx.status >= 500) logger.warn(line, 'request');
  else if (quiet === true) logger.debug(line, 'request');
  else logger.info(line, 'request');
}

function who(ctx: Context): Record<string, unknown> {
  const principal: Principal | undefined = ctx.state.principal;
  if (principal === undefined) return {};
  if (principal.kind === 'operator') return { principal: principal.name };
  return { principal: principal.runnerId, attempt: principal.attempt };
}
