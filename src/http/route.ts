import type { Context } from 'koa';
import type { Static, TSchema } from 'typebox';
import type { Principal } from '../domain/principal.js';
import type { App } from './dependencies.js';
import type { QueryShape, QueryValues } from './query-fields.js';

export type Method = 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';

/** `none`: anyone. `any`: an operator, or a runner for its own run. `operator`: no runner. `claim`: a runner that waits for its run, and nobody else. */
export type AuthRule = 'none' | 'any' | 'operator' | 'claim';

export type ParamShape = Readonly<Record<string, TSchema>>;

export interface RouteRequest<P extends ParamShape, Q extends QueryShape, B extends TSchema> {
  /** On a route without auth, and on one for those who wait for their run: someone who sees no tenant. */
  readonly principal: Principal;
  /** Of a route of the rule `claim`: the warm runner; empty elsewhere. */
  readonly claimant: string;
  readonly params: { readonly [K in keyof P]: string };
  readonly query: QueryValues<Q>;
  readonly body: Static<B>;
  readonly traceId: string;
  /** Aborts when the client is gone or the server stops. Asked for by those who wait. */
  readonly signal: () => AbortSignal;
}

interface RouteShape<P extends ParamShape, Q extends QueryShape, B extends TSchema> {
  readonly method: Method;
  /** In the router's form: `/api/v1/runs/:runId`. */
  readonly path: string;
  readonly operationId: string;
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  readonly auth: AuthRule;
  /** What each path parameter must look like; one that does not is a thing that does not exist. */
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
  /** Where the body is a union: which member is meant, so that its errors are told. */
  readonly chooseBody?: (body: unknown) => TSchema;
  readonly bodyExample?: unknown;
  /** YAML is taken too, and becomes the body `{yaml: "<text>"}`. */
  readonly takesYaml?: boolean;
  /** Refusals beyond those that follow from auth, parameters and body. */
  readonly refusals?: readonly number[];
  /** Asked so often that its log lines are for debugging only. */
  readonly quiet?: boolean;
}

/** Answers data, which goes out in the envelope. */
interface DataRoute<P extends ParamShape, Q extends QueryShape, B extends TSchema> extends RouteShape<P, Q, B> {
  /** What `data` is. */
  readonly answer: TSchema;
  handle(request: RouteRequest<P, Q, B>, app: App): Promise<unknown>;
}

/** Answers by itself, without the envelope. */
interface RawRoute<P extends ParamShape, Q extends QueryShape, B extends TSchema> extends RouteShape<P, Q, B> {
  readonly raw: {
    readonly contentType: string;
    readonly schema: TSchema;
    readonly otherStatuses?: Record<string, string>;
  };
  respond(ctx: Context, request: RouteRequest<P, Q, B>, app: App): Promise<void>;
}

/** A route as router, validation, auth and OpenAPI read it. */
export type Route = DataRoute<ParamShape, QueryShape, TSchema> | RawRoute<ParamShape, QueryShape, TSchema>;

/** Declares a route; the types of its parameters, query and body follow from their schemas. */
export function route<P extends ParamShape, Q extends QueryShape, B extends TSchema>(
  definition: DataRoute<P, Q, B> | RawRoute<P, Q, B>,
): Route {
  return definition;
}
