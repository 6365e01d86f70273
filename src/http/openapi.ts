import { Type, type TSchema } from 'typebox';
import { Failure, Success } from '../contract/envelope.js';
import { YAML_TYPE } from './middleware/yaml-body.js';
import { WebhookPayload } from '../contract/webhook.js';
import { COMPONENT_SCHEMAS } from './openapi-components.js';
import type { QueryField } from './query-fields.js';
import type { Route } from './route.js';

type Json = Record<string, unknown>;

const VERSION = '0.1.0';

const STATUS_MEANINGS: Record<number, string> = {
  400: 'The request does not have the right form; `error.details.field` says where.',
  401: 'No bearer token, or one that nobody here gave out.',
  403: 'The token is good, but not for this.',
  404: 'There is no such thing, or none that this token may see.',
  409: 'The state of things does not allow it; the failure kind says why.',
  413: 'The body is too large.',
  415: 'The body is not of a kind that is taken.',
  429: 'Too much at once; try again later, after `Retry-After` seconds where that is said.',
  500: 'Something went wrong on our side; the trace id finds it in the log.',
  503: 'A part that is needed is down; try again.',
};

/** The OpenAPI 3.1 document of these routes. */
export function openApiDocument(routes: readonly Route[]): Json {
  const paths: Record<string, Json> = {};
  for (const route of routes) {
    const path = route.path.replace(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(route) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'AgentRun manager',
      version: VERSION,
      description:
        'The control plane for coding-agent runs. Every answer has the envelope `{ok, data | error, traceId}`.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    security: [{ bearer: [] }],
    tags: [...new Set(routes.map((route) => route.tag))].map((name) => ({ name })),
    paths,
    webhooks: { taskEnded: { post: taskEnded() } },
    components: components(),
  };
}

/** What is sent to webhooks, where they listen. */
function taskEnded(): Json {
  const header = (name: string, description: string) => ({
    name,
    in: 'header',
    required: true,
    description,
    schema: { type: 'string' },
  });
  return {
    operationId: 'taskEnded',
    summary: 'A task ended; sent to the webhooks of its tenant until one 2xx answers it',
    security: [],
    parameters: [
      header('webhook-id', "The delivery's id, the same at each try."),
      header('webhook-timestamp', 'When this try was made, in seconds since the epoch.'),
      header('webhook-signature', '`v1,` and the signature, by the Standard Webhooks specification.'),
    ],
    requestBody: { required: true, content: { 'application/json': { schema: withRefs(WebhookPayload) } } },
    responses: {
      '2XX': { description: 'Delivered.' },
      410: { description: 'Nothing more is wanted: the webhook is disabled.' },
      default: { description: 'It is tried again, for a day.' },
    },
  };
}

function components(): Json {
  const schemas = Object.entries(COMPONENT_SCHEMAS).map(([name, schema]) => [name, withRefs(schema, schema)]);
  const bearer = {
    type: 'http',
    scheme: 'bearer',
    description:
      'An operator token, a token of the identity provider that the installation trusts, or a runner token, which reaches its own run and attempt only.',
  };
  return { schemas: Object.fromEntries(schemas) as Json, securitySchemes: { bearer } };
}

function operation(route: Route): Json {
  const { operationId, summary, description, tag } = route;
  return {
    operationId,
    summary,
    ...(description === undefined ? {} : { description }),
    tags: [tag],
    ...(route.auth === 'none' ? { security: [] } : {}),
    'x-agentrun-auth': route.auth,
    parameters: [...pathParameters(route), ...queryParameters(route)],
    ...(route.body === undefined ? {} : { requestBody: requestBody(route, route.body) }),
    responses: { ...successes(route), ...failures(route) },
  };
}

function pathParameters({ params = {} }: Route): Json[] {
  const entries = Object.entries(params);
  return entries.map(([name, schema]) => ({ name, in: 'path', required: true, schema: withRefs(schema) }));
}

function queryParameters({ query = {} }: Route): Json[] {
  const entries: [string, QueryField<unknown>][] = Object.entries(query);
  return entries.map(([name, { schema, description }]) => ({
    name,
    in: 'query',
    description,
    schema: withRefs(schema),
  }));
}

function requestBody({ bodyExample, takesYaml }: Route, schema: TSchema): Json {
  const media = { schema: withRefs(schema), ...(bodyExample === undefined ? {} : { example: bodyExample }) };
  const yaml = takesYaml === true ? { [YAML_TYPE]: { schema: Type.String() } } : {};
  return { required: isNeeded(schema), content: { 'application/json': media, ...yaml } };
}

/** A body may be left out where nothing in it is required, or all that is has a default. */
function isNeeded(schema: TSchema): boolean {
  const { required = [], properties = {}, anyOf } = schema as BodyShape;
  if (anyOf !== undefined) return anyOf.every(isNeeded);
  return required.some((name) => !('default' in (properties[name] ?? {})));
}

interface BodyShape {
  readonly required?: string[];
  readonly properties?: Record<string, Json>;
  readonly anyOf?: TSchema[];
}

function successes(route: Route): Json {
  if ('answer' in route) {
    return { 200: answer('Done.', 'application/json', withRefs(Success(route.answer))) };
  }
  const { contentType, schema, otherStatuses = {} } = route.raw;
  const others = Object.entries(otherStatuses).map(([status, description]) => [status, { description }]);
  return { 200: answer('Done.', contentType, withRefs(schema)), ...(Object.fromEntries(others) as Json) };
}

function failures(route: Route): Json {
  const statuses = new Set([...(route.refusals ?? []), 500, 503]);
  if (route.params || route.query || route.body) statuses.add(400);
  if (route.params) statuses.add(404);
  if (route.body) for (const status of [413, 415]) statuses.add(status);
  if (route.auth !== 'none') for (const status of [401, 403, 429]) statuses.add(status);
  const sorted = [...statuses].sort((a, b) => a - b);
  return Object.fromEntries(sorted.map((status) => [status, failure(STATUS_MEANINGS[status] ?? 'Refused.')]));
}

function failure(description: string): Json {
  return answer(description, 'application/json', withRefs(Failure));
}

function answer(description: string, contentType: string, schema: unknown): Json {
  const headers = { 'x-trace-id': { description: 'The trace id of the envelope.', schema: Type.String() } };
  return { description, headers, content: { [contentType]: { schema } } };
}

const named = Object.entries(COMPONENT_SCHEMAS);
/** By the object, for schemas of the same form; by the form, where a composite holds a copy. */
const names = new Map<unknown, string>([
  ...named.map(([name, schema]) => [JSON.stringify(schema), name] as const),
  ...named.map(([name, schema]) => [schema, name] as const),
]);

/** The schema with every named one in it replaced by a reference; `root` itself is not. */
function withRefs(schema: unknown, root?: TSchema): unknown {
  if (Array.isArray(schema)) return schema.map((item) => withRefs(item, root));
  if (typeof schema !== 'object' || schema === null) return schema;
  const name = schema === root ? undefined : (names.get(schema) ?? names.get(JSON.stringify(schema)));
  if (name !== undefined) return { $ref: `#/components/schemas/${name}` };
  return Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, withRefs(value, root)]));
}
