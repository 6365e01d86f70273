import { workflowInfo } from '@temporalio/workflow';

/** Whether the workflow should go on in a new execution: Temporal suggests it, or the input's own threshold is reached. */
export function historyIsLong({
  continueAsNewAtEvents = Infinity,
}: {
  readonly continueAsNewAtEvents?: number;
}): boolean {
  const { continueAsNewSuggested, historyLength } = workflowInfo();
  return continueAsNewSuggested || historyLength >= continueAsNewAtEvents;
}
