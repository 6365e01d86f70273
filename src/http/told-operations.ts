import type { RouteRequest, ParamShape, Route } from './route.js';
import type { QueryShape } from './query-fields.js';
import type { TSchema } from 'typebox';

type Request = RouteRequest<ParamShape, QueryShape, TSchema>;
type Told = Readonly<Record<string, string | number | boolean | null | undefined>>;

/** An operation with a span of its own, by the name that operators search for, and what it tells of the request and the answer. */
interface ToldOperation {
  readonly name: string;
  readonly asked: (request: Request) => Told;
  readonly answered: (data: unknown) => Told;
}

/** By operation id. Ids, states and numbers only: no prompt and no name of a tenant. */
const TOLD: Readonly<Record<string, ToldOperation>> = {
  sendToSession: {
    name: 'session_send',
    asked: ({ params, body }) => ({
      sessionId: params['sessionId'],
      createRunnerJob: flag(body, 'createRunnerJob'),
    }),
    answered: (data) => ({
      decision: word(data, 'decision'),
      commandType: word(data, 'internalCommandType'),
      runId: word(at(data, 'run'), 'id'),
      backendProfile: word(at(data, 'run'), 'backendProfile'),
      commandId: word(at(data, 'command'), 'id'),
      commandState: word(at(data, 'command'), 'state'),
      reusedActiveRun: at(data, 'activeBefore') !== null && at(data, 'activeBefore') !== undefined,
    }),
  },
  getCommandResult: { name: 'command_result', asked: ofCommand, answered: result },
  getRunResult: { name: 'command_result', asked: ofCommand, answered: result },
};

/** By operation id: those that answer events. */
const EVENT_LISTS: ReadonlySet<string> = new Set(['listEvents', 'traceSession', 'readSessionOutput']);

export function toldOperation({ operationId }: Route): ToldOperation | undefined {
  return Object.hasOwn(TOLD, operationId) ? TOLD[operationId] : undefined;
}

/** Told by the request's own span: where a list was asked to go on, and for how much. */
export function askedOfList({ query }: Request): Told {
  return { afterSeq: count(query, 'afterSeq'), limit: count(query, 'limit') };
}

/** Told by the request's own span: how many events it was answered. */
export function answeredEvents({ operationId }: Route, data: unknown): Told {
  const items = EVENT_LISTS.has(operationId) ? at(data, 'items') : undefined;
  return Array.isArray(items) ? { eventCount: items.length } : {};
}

function ofCommand({ params, query }: Request): Told {
  const commandId = params['commandId'] ?? word(query, 'commandId');
  return { runId: params['runId'], commandId };
}

function result(data: unknown): Told {
  return {
    commandId: word(data, 'commandId'),
    commandState: word(data, 'commandState'),
    terminalStatus: word(data, 'terminalStatus'),
    failureKind: word(data, 'failureKind'),
  };
}

function at(value: unknown, field: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[field] : undefined;
}

function word(value: unknown, field: string): string | undefined {
  const found = at(value, field);
  return typeof found === 'string' ? found : undefined;
}

function count(value: unknown, field: string): number | undefined {
  const found = at(value, field);
  return typeof found === 'number' ? found : undefined;
}

function flag(value: unknown, field: string): boolean | undefined {
  const found = at(value, field);
  return typeof found === 'boolean' ? found : undefined;
}
