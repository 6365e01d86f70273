import { workflowInfo, type Headers, type WorkflowInterceptorsFactory } from '@temporalio/workflow';

const HEADER = 'traceparent';

/** Lives that are begun by one request and end; those that go on for many would hang all that follows under the first. */
const TRACED = new Set(['runWorkflow', 'queueTaskWorkflow', 'webhookDeliveryWorkflow']);

/**
 * Hands the trace that a workflow was started with on to its activities and its next execution. Nothing here waits or makes a command, so
 * that histories replay as they were recorded.
 */
export const interceptors: WorkflowInterceptorsFactory = () => {
  const carried: { headers: Headers } = { headers: {} };
  const handOn = <I extends { readonly headers: Headers }>(input: I): I => ({
    ...input,
    headers: { ...input.headers, ...carried.headers },
  });
  return {
    inbound: [
      {
        execute: (input, next) => {
          const header = TRACED.has(workflowInfo().workflowType) ? input.headers[HEADER] : undefined;
          if (header !== undefined) carried.headers = { [HEADER]: header };
          return next(input);
        },
      },
    ],
    outbound: [
      {
        scheduleActivity: (input, next) => next(handOn(input)),
        // Headers are no data of the workflow's: Temporal carries them as they are.
        // eslint-disable-next-line workflow/plain-json-carry
        continueAsNew: (input, next) => next(handOn(input)),
      },
    ],
  };
};
