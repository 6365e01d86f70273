import Router from '@koa/router';
import type { Context, Middleware } from 'koa';
import type { TSchema } from 'typebox';
import { NAME_PATTERN } from '../contract/common.js';
import { AgentRunError, forbidden, invalid } from '../domain/errors.js';
import type { Principal } from '../domain/principal.js';
import type { App } from './dependencies.js';
import type { ToldRequest } from '../telemetry/observe-requests.js';
import type { OpenSpan } from '../telemetry/tracing.js';
import { statusOf } from './error-status.js';
import { HttpError } from './http-error.js';
import { jsonBody } from './middleware/json-body.js';
import { jsonOrYamlBody } from './middleware/yaml-body.js';
import { RateLimit } from './rate-limit.js';
import type { QueryShape, QueryValues } from './query-fields.js';
import { stateOf } from './request-state.js';
import type { ParamShape, Route, RouteRequest } from './route.js';
import { answeredEvents, askedOfList, toldOperation } from './told-operations.js';
import { patternWords } from './validation/pattern-words.js';
import { conforms, validated } from './validation/validate.js';

const NOBODY: Principal = { kind: 'operator', name: 'nobody', tenants: [] };

const NO_LIMITS = { operatorPerSecond: 0, operatorOpen: 0, badTokensPerSecond: 0 };

/** What may stand in a path where an id is expected; it is looked up no further unless it has the form of one. */
const PLAIN_PARAM = /^[A-Za-z0-9._:@+-]{1,160}$/;

/** The routes as middleware. Per request: who speaks, the body, its form, the handler, the envelope. */
export function mountRoutes(routes: readonly Route[], app: App): Middleware {
  const router = new Router();
  const limit = new RateLimit(app.settings.rateLimits ?? NO_LIMITS);
  const parseJson = jsonBody(app.settings.bodyLimitBytes);
  const parseEither = jsonOrYamlBody(app.settings.bodyLimitBytes);
  for (const route of routes) {
    const serveRoute = async (ctx: Context, span: OpenSpan) => {
      const state = stateOf(ctx);
      state.quiet = route.quiet;
      if (route.auth === 'claim') state.claimant = await claimantOf(ctx, { app, limit });
      else state.principal = await principalOf(ctx, route, { app, limit });
      const handle = async () => answer(ctx, route, { app, span });
      if (route.body === undefined) return handle();
      // What is to be done with the body is the parser's `next`: it is not called for a client that is gone before its body was read.
      await (route.takesYaml ? parseEither : parseJson)(ctx, handle);
    };
    router.register(route.path, [route.method], async (ctx: Context) => {
      const statusOf = (error?: unknown) => (error === undefined ? ctx.status : statusOfThrown(error));
      const ids = idsOf(ctx);
      stateOf(ctx).ids = ids;
      await app.telling.tell(toldRequest(ctx, route), statusOf, async (span) => {
        span.set(ids);
        await serveRoute(ctx, span);
      });
    });
  }
  return router.routes() as unknown as Middleware;
}

function toldRequest(ctx: Context, { method, path, quiet = false }: Route): ToldRequest {
  const { traceId } = stateOf(ctx);
  return { method, route: path, traceId, traceparent: ctx.get('traceparent') || undefined, quiet };
}

/** What a path names that operators search for. */
function idsOf(ctx: Context): Record<string, string | undefined> {
  const { runId, commandId, sessionId } = (ctx as Context & { params: Record<string, string> }).params;
  return { runId: plain(runId), commandId: plain(commandId), sessionId: plain(sessionId) };
}

/** Something else in an id's place is what somebody typed. */
function plain(param: string | undefined): string | undefined {
  return param !== undefined && PLAIN_PARAM.test(param) ? param : undefined;
}

function statusOfThrown(error: unknown): number {
  return error instanceof AgentRunError ? statusOf(error) : 500;
}

/** Comes after the routes: says whether the path or only the method is unknown. */
export function unknownRoute(): Middleware {
  return async (ctx) => {
    const matched = (ctx as Context & { matched?: { methods: string[] }[] }).matched ?? [];
    if (matched.length === 0) {
      throw new AgentRunError('schema-invalid', 'missing', 'there is no such route', { field: 'path' });
    }
    const allowed = [...new Set(matched.flatMap((layer) => layer.methods))].filter((method) => method !== 'HEAD');
    const message = `this route takes ${allowed.join(' or ')} only`;
    throw new HttpError(405, message, { field: 'method', allowed }, { allow: allowed.join(', ') });
  };
}

interface Gate {
  readonly app: App;
  readonly limit: RateLimit;
}

async function principalOf(ctx: Context, route: Route, { app, limit }: Gate): Promise<Principal> {
  if (route.auth === 'none') return NOBODY;
  const principal = await authenticated(ctx, { app, limit });
  limit.countRequest(principal, ctx.res);
  if (route.auth === 'operator' && principal.kind === 'runner') {
    throw forbidden('this is not for a runner token');
  }
  return principal;
}

function authenticated(ctx: Context, gate: Gate): Promise<Principal> {
  const { authenticator } = gate.app;
  return counted(ctx, gate, () => authenticator.authenticate(ctx.get('authorization') || undefined));
}

/** A runner that waits for its run is no more limited than one that has it. */
function claimantOf(ctx: Context, gate: Gate): Promise<string> {
  const { authenticator } = gate.app;
  return counted(ctx, gate, () => authenticator.claimant(ctx.get('authorization') || undefined));
}

async function counted<T>(ctx: Context, { limit }: Gate, authenticate: () => Promise<T>): Promise<T> {
  try {
    return await authenticate();
  } catch (error) {
    if (statusOfThrown(error) === 401) limit.countBadToken(ctx.req.socket.remoteAddress ?? '');
    throw error;
  }
}

async function answer(ctx: Context, route: Route, { app, span }: { app: App; span: OpenSpan }): Promise<void> {
  const request = requestOf(ctx, route, app);
  if ('respond' in route) return route.respond(ctx, request, app);
  span.set(askedOfList(request));
  const data = await told(route, request, app);
  span.set(answeredEvents(route, data));
  ctx.status = 200;
  ctx.body = { ok: true, data, traceId: stateOf(ctx).traceId };
}

async function told(
  route: Extract<Route, { answer: TSchema }>,
  request: RouteRequest<ParamShape, QueryShape, TSchema>,
  app: App,
): Promise<unknown> {
  const operation = toldOperation(route);
  if (operation === undefined) return route.handle(request, app);
  return app.telling.span(operation.name, operation.asked(request), async (span) => {
    const data = await route.handle(request, app);
    span.set(operation.answered(data));
    return data;
  });
}

function requestOf(ctx: Context, route: Route, app: App): RouteRequest<ParamShape, QueryShape, TSchema> {
  const { principal = NOBODY, claimant = '', traceId } = stateOf(ctx);
  return {
    principal,
    claimant,
    params: paramsOf((ctx as Context & { params: Record<string, string> }).params, route.params ?? {}),
    query: queryOf(ctx, route.query ?? {}),
    body: bodyOf(ctx, route),
    traceId,
    signal: () => app.openRequests.signalFor(ctx.res),
  };
}

function paramsOf(given: Record<string, string>, shape: ParamShape): Record<string, string> {
  for (const [name, schema] of Object.entries(shape)) {
    const value = given[name] ?? '';
    if (conforms(schema, value)) continue;
    if (!PLAIN_PARAM.test(value)) throw invalid(name, `${name} ${wordsOf(schema)}`);
    const what = name.replace(/Id$/, '');
    const message = `${what} ${value} does not exist`;
    throw new AgentRunError('schema-invalid', 'missing', message, { field: name, [what]: value });
  }
  return given;
}

/** Ids are not made by hand: what they look like helps nobody. */
function wordsOf(schema: TSchema): string {
  const { pattern } = schema as { pattern?: string };
  return pattern === NAME_PATTERN ? patternWords(NAME_PATTERN) : 'is not an id';
}

function queryOf<Q extends QueryShape>(ctx: Context, shape: Q): QueryValues<Q> {
  const fields = Object.entries(shape).map(([name, field]) => [name, field.read(ctx.query[name], name)]);
  return Object.fromEntries(fields) as QueryValues<Q>;
}

function bodyOf(ctx: Context, route: Route): unknown {
  if (route.body === undefined) return undefined;
  const body: unknown = ctx.request.body ?? {};
  return validated(route.chooseBody?.(body) ?? route.body, body);
}
