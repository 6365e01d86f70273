import type { WorkflowClientInterceptor } from '@temporalio/client';
import { defaultPayloadConverter, type Headers } from '@temporalio/common';
import type { ActivityInterceptors } from '@temporalio/worker';
import { idOfTrace } from '../domain/trace-id.js';
import { formatTraceparent, parseTraceparent, type TraceContext } from './trace-context.js';
import { currentTrace, withinTrace, type Tracing } from './tracing.js';

/** Carries the trace from the client over the workflow to its activities; `workflows/trace-headers.ts` hands it on. */
const HEADER = 'traceparent';

/** Spans of what is asked of Temporal, as parts of what asks for it; what nobody is traced for has none. */
export function tracedClient(tracing: Tracing): WorkflowClientInterceptor {
  const asked = async <T>(name: string, call: (headers: Headers) => Promise<T>): Promise<T> => {
    if (currentTrace() === undefined) return call({});
    return tracing.span(name, { kind: 'client' }, async () => call(headersOf(currentTrace())));
  };
  return {
    startWithDetails: (input, next) =>
      asked(`temporal.start ${input.workflowType}`, (headers) =>
        next({ ...input, headers: { ...input.headers, ...headers } }),
      ),
    startUpdate: (input, next) =>
      asked(`temporal.update ${input.updateName}`, (headers) =>
        next({ ...input, headers: { ...input.headers, ...headers } }),
      ),
    startUpdateWithStart: (input, next) =>
      asked(`temporal.update ${input.updateName}`, (headers) =>
        next({
          ...input,
          workflowStartHeaders: { ...input.workflowStartHeaders, ...headers },
          updateHeaders: { ...input.updateHeaders, ...headers },
        }),
      ),
    signal: (input, next) =>
      asked(`temporal.signal ${input.signalName}`, (headers) =>
        next({ ...input, headers: { ...input.headers, ...headers } }),
      ),
    signalWithStart: (input, next) =>
      asked(`temporal.signal ${input.signalName}`, (headers) =>
        next({ ...input, headers: { ...input.headers, ...headers } }),
      ),
  };
}

/**
 * Spans of activities that a traced request led to. Writing down a task's state is what operators search for by name; a run's is told by its
 * store. The SDK writes its lines of an activity outside that span: they are told which run and which trace it is for.
 */
export function tracedActivity(tracing: Tracing, activity: string): ActivityInterceptors {
  const name = activity === 'projectTask' ? 'projection_sync' : `temporal.activity ${activity}`;
  let toldInLines: Record<string, string> = {};
  return {
    inbound: {
      execute: async (input, next) => {
        const parent = contextOf(input.headers);
        const runId = runIdOf(input.args[0]);
        toldInLines = { ...(runId !== undefined && { runId }), ...(parent && { traceId: idOfTrace(parent.traceId) }) };
        if (parent === undefined) return next(input);
        const attributes = { activity, runId };
        return withinTrace(parent, async () => tracing.span(name, { attributes }, async () => next(input)));
      },
    },
    outbound: { getLogAttributes: (input, next) => next({ ...input, ...toldInLines }) },
  };
}

function headersOf(context: TraceContext | undefined): Headers {
  if (context === undefined) return {};
  return { [HEADER]: defaultPayloadConverter.toPayload(formatTraceparent(context)) };
}

function contextOf(headers: Headers): TraceContext | undefined {
  const payload = headers[HEADER];
  const value: unknown = payload === undefined ? undefined : defaultPayloadConverter.fromPayload(payload);
  return typeof value === 'string' ? parseTraceparent(value) : undefined;
}

/** Some arguments name the run in the snapshot that they bring along. */
function runIdOf(argument: unknown): string | undefined {
  if (typeof argument !== 'object' || argument === null) return undefined;
  const { runId, snapshot } = argument as { readonly runId?: unknown; readonly snapshot?: unknown };
  return typeof runId === 'string' ? runId : runIdOf(snapshot);
}
