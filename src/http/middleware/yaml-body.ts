import { bodyParser } from '@koa/bodyparser';
import type { Context, Middleware } from 'koa';
import { assertStorable } from '../validation/storable.js';
import { bodyError } from './body-errors.js';
import { DEFAULT_LIMIT_BYTES, jsonBody, mediaTypeOf } from './json-body.js';

/** What YAML is sent as: by its registration (RFC 9512), and as it was called before. */
export const YAML_TYPE = 'application/yaml';
const YAML_TYPES = [YAML_TYPE, 'text/yaml', 'application/x-yaml', 'text/x-yaml'];

/** For routes that take YAML as well as JSON: a YAML body becomes `{yaml: "<text>"}`, which such a route takes as JSON too. */
export function jsonOrYamlBody(limitBytes: number = DEFAULT_LIMIT_BYTES): Middleware {
  const parseJson = jsonBody(limitBytes, `application/json or ${YAML_TYPE}`);
  const parseText = bodyParser({
    enableTypes: ['text'],
    extendTypes: { text: YAML_TYPES },
    textLimit: limitBytes,
    parsedMethods: ['POST', 'PUT'],
    onError: (error) => {
      throw bodyError(error, limitBytes);
    },
  }) as Middleware;
  return async (ctx, next) => {
    if (!isYaml(ctx)) {
      await parseJson(ctx, next);
      return;
    }
    await parseText(ctx, async () => {
      const text: unknown = ctx.request.body;
      ctx.request.body = { yaml: typeof text === 'string' ? text : '' };
      assertStorable(ctx.request.body);
      await next();
    });
  };
}

function isYaml(ctx: Context): boolean {
  return YAML_TYPES.includes(mediaTypeOf(ctx));
}
