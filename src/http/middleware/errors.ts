import type { Context, Middleware } from 'koa';
import type { Logger } from 'pino';
import type { Failure } from '../../contract/envelope.js';
import { AgentRunError } from '../../domain/errors.js';
import { statusOf } from '../error-status.js';
import { HttpError } from '../http-error.js';
import { loggable } from '../log-error.js';
import { stateOf } from '../request-state.js';

/** The one place where an error becomes an answer. What we did not mean to tell is logged and answered without its text. */
export function errorEnvelope(logger: Logger): Middleware {
  return async (ctx, next) => {
    try {
      await next();
    } catch (thrown) {
      answer(ctx, presentable(thrown, ctx, logger));
    }
  };
}

function presentable(thrown: unknown, ctx: Context, logger: Logger): AgentRunError {
  const { traceId } = stateOf(ctx);
  if (!(thrown instanceof AgentRunError)) {
    logger.error({ traceId, error: loggable(thrown) }, 'request failed');
    return new AgentRunError(
      'infra-failed',
      'invalid',
      'something went wrong on our side; the trace id finds it in the log',
    );
  }
  if (statusOf(thrown) >= 500)
    logger.warn({ traceId, message: thrown.message, error: loggable(thrown) }, 'request refused');
  return thrown;
}

function answer(ctx: Context, error: AgentRunError): void {
  ctx.status = statusOf(error);
  // What is left of a body that nobody reads would be taken for the next request.
  if (!ctx.req.complete) ctx.set('connection', 'close');
  if (error instanceof HttpError) ctx.set({ ...error.headers });
  if (ctx.status === 401) ctx.set('www-authenticate', 'Bearer');
  if (ctx.status === 503) ctx.set('retry-after', '1');
  const { retryAfterMs } = error.details;
  if (ctx.status === 429 && typeof retryAfterMs === 'number')
    ctx.set('retry-after', String(Math.ceil(retryAfterMs / 1_000)));
  ctx.body = failureOf(error, stateOf(ctx).traceId);
}

function failureOf(error: AgentRunError, traceId: string): Failure {
  const { failureKind, message, details } = error;
  return {
    ok: false,
    failureKind,
    message,
    traceId,
    error: { name: 'AgentRunError', failureKind, message, details: { ...details } },
  };
}
