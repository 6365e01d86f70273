import { bodyParser } from '@koa/bodyparser';
import type { Context, Middleware } from 'koa';
import type { AgentRunError } from '../../domain/errors.js';
import { HttpError } from '../http-error.js';
import { assertStorable } from '../validation/storable.js';
import { bodyError, endedEarly, noJsonObject } from './body-errors.js';
import { readText } from './read-text.js';

export const DEFAULT_LIMIT_BYTES = 8 * 1024 * 1024;
const BYTE_ORDER_MARK = 0xfeff;

/** Reads a JSON body; a request without one has the body `{}`. A body without a content type counts as JSON. `taken` says what a route takes. */
export function jsonBody(limitBytes: number = DEFAULT_LIMIT_BYTES, taken = 'application/json'): Middleware {
  const unpack = unpacking(limitBytes);
  return async (ctx, next) => {
    if (!hasBody(ctx)) ctx.request.body = {};
    else if (!isJson(ctx)) throw notTaken(ctx, taken);
    // A packed body is rare, and unpacking it within limits is the library's part; all others are read with as little as can be.
    else if (isPacked(ctx)) await unpack(ctx);
    else ctx.request.body = parsed(await readText(ctx.req, limitBytes));
    assertStorable(ctx.request.body);
    await next();
  };
}

function unpacking(limitBytes: number): (ctx: Context) => Promise<void> {
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
  return async (ctx) => {
    await parse(ctx, async () => undefined);
    // The client is gone: the parser read nothing then.
    if (ctx.request.body === undefined) throw endedEarly();
  };
}

/** @throws schema-invalid for anything but an object or a list. */
function parsed(text: string): unknown {
  const json = text.charCodeAt(0) === BYTE_ORDER_MARK ? text.slice(1) : text;
  if (json === '') return {};
  let value: unknown;
  try {
    value = JSON.parse(json) as unknown;
  } catch (error) {
    throw noJsonObject((error as Error).message);
  }
  if (typeof value !== 'object' || value === null) throw noJsonObject();
  return value;
}

function hasBody({ req: { headers } }: Context): boolean {
  return (headers['transfer-encoding'] ?? '') !== '' || Number(headers['content-length'] ?? 0) > 0;
}

function isPacked({ req: { headers } }: Context): boolean {
  return (headers['content-encoding'] ?? 'identity') !== 'identity';
}

function isJson(ctx: Context): boolean {
  const type = mediaTypeOf(ctx);
  return type === '' || type === 'application/json' || /^application\/[a-z0-9.-]+\+json$/.test(type);
}

export function mediaTypeOf({ req: { headers } }: Context): string {
  const type = headers['content-type'] ?? '';
  const end = type.indexOf(';');
  return (end < 0 ? type : type.slice(0, end)).trim().toLowerCase();
}

function notTaken(ctx: Context, taken: string): AgentRunError {
  // Only what can be a media type is repeated.
  const type = /^[A-Za-z0-9!#$&^_.+-]+\/[A-Za-z0-9!#$&^_.+-]+/.exec(ctx.get('content-type'))?.[0] ?? 'that';
  return new HttpError(415, `the body must be ${taken}, not ${type.slice(0, 100)}`, { field: 'content-type' });
}
