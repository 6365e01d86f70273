import type { WorkflowExecutionStatusName } from '@temporalio/client';

/** Whether a workflow can do nothing any more: one that is paused goes on, and a newer server may know states that we do not. Pure. */
export function hasClosed(status: WorkflowExecutionStatusName): boolean {
  switch (status) {
    case 'COMPLETED':
    case 'FAILED':
    case 'CANCELLED':
    case 'TERMINATED':
    case 'TIMED_OUT':
      return true;
    case 'RUNNING':
    case 'PAUSED':
    case 'CONTINUED_AS_NEW':
    case 'UNSPECIFIED':
    case 'UNKNOWN':
      return false;
  }
}
