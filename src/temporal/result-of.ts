import { WorkflowFailedError, WorkflowNotFoundError } from '@temporalio/client';
import { CancelledFailure, TerminatedFailure, TimeoutFailure } from '@temporalio/common';
import { unavailable } from '../domain/errors.js';
import { translate } from './errors.js';

/**
 * What a workflow came to. `what` begins the sentence that a caller reads where it came to nothing.
 * @throws unavailable('temporal') where the workflow failed or was ended from outside, and where Temporal cannot be reached.
 */
export async function resultOf<T>(what: string, result: Promise<T>): Promise<T> {
  try {
    return await result;
  } catch (error) {
    const ended = howItEnded(error);
    if (ended === undefined) throw translate(error);
    throw unavailable('temporal', error, `${what} ${ended} in Temporal before it was done; ask for it again`);
  }
}

function howItEnded(error: unknown): string | undefined {
  if (error instanceof WorkflowNotFoundError) return 'was lost';
  if (!(error instanceof WorkflowFailedError)) return undefined;
  const { cause } = error;
  if (cause instanceof TerminatedFailure) return 'was terminated';
  if (cause instanceof CancelledFailure) return 'was cancelled';
  return cause instanceof TimeoutFailure ? 'timed out' : 'failed';
}
