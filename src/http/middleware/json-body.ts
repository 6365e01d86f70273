import { bodyParser } from '@koa/bodyparser';
import type { Context, Middleware } from 'koa';
import { AgentRunError, invalid } from '../../domain/errors.js';
import { HttpError } from '../http-error.js';
import { assertStorable } from '../validation/storable.js';

export const DEFAULT_LIMIT_BYTES = 8 * 1024 * 1024;

/** Reads a JSON body; a request without one has the body `{}`. A body without a content type counts as JSON. `taken` says what a route takes. */
export function jsonBody(limitBytes: number = DEFAULT_LIMIT_BYTES, taken = 'application/json'): Middleware {
  const parse = bodyParser({
    enableTypes: ['json'],
    jsonLimit: limitBytes,
    jsonStrict: true,
    parsedMethods: ['POST', 'PUT', 'PATCH', 'DELETE'],
    detectJSON: (ctx) => isJson(ctx),
    onError: (error) => {
      throw bodyError(error, limitBytes);
    },
  }) as Middleware;
  return async (ctx, next) => {
    if (hasBody(ctx) && !isJson(ctx)) throw notTaken(ctx, taken);
    await parse(ctx, async () => {
      assertStorable(ctx.request.body);
      await next();
    });
  };
}

function hasBody(ctx: Context): boolean {
  return ctx.get('transfer-encoding') !== '' || Number(ctx.get('content-length') || 0) > 0;
}

function isJson(ctx: Context): boolean {
  const type = mediaTypeOf(ctx);
  return type === '' || type === 'application/json' || /^application\/[a-z0-9.-]+\+json$/.test(type);
}

export function mediaTypeOf(ctx: Context): string {
  return ctx.get('content-type').replace(/;.*$/s, '').trim().toLowerCase();
}

function notTaken(ctx: Context, taken: string): AgentRunError {
  // Only what can be a media type is repeated.
  const type = /^[A-Za-z0-9!#$&^_.+-]+\/[A-Za-z0-9!#$&^_.+-]+/.exec(ctx.get('content-type'))?.[0] ?? 'that';
  return new HttpError(415, `the body must be ${taken}, not ${type.slice(0, 100)}`, { field: 'content-type' });
}

/** The parser's own messages quote the body: only where it went wrong is passed on. */
export function bodyError(error: Error & { status?: number; type?: string }, limitBytes: number): AgentRunError {
  if (error.status === 413) {
    const message = `the body must have at most ${limitBytes} bytes`;
    return new AgentRunError('schema-invalid', 'too-large', message, { field: 'body', limit: limitBytes });
  }
  if (error.status === 415)
    return new HttpError(415, 'the content encoding is not known', { field: 'content-encoding' });
  if (error.type === 'request.aborted') return invalid('body', 'the body ended early');
  const position = / position (\d+)/.exec(error.message)?.[1];
  const where = position === undefined ? '' : ` (at position ${position})`;
  return invalid('body', `the body is not a valid JSON object${where}`);
}
