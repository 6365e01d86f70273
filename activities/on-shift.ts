import { Context } from '@temporalio/activity';
import { heartbeating } from './heartbeating.js';
import type { ActivityPorts } from './ports.js';

/** Return now and then, so that the watching workflow's history stays short. */
const SHIFT_MS = 3_600_000;

/**
 * Heartbeats while `work` runs, and ends it with the shift or when the worker stops: then the workflow's next shift waits for
 * whichever worker takes it, and this one need not be waited for. Answers what `work` does.
 */
export async function whileOnShift<T>(
  { stopping }: Pick<ActivityPorts, 'stopping'>,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const context = Context.current();
  const shift = AbortSignal.any([context.cancellationSignal, stopping, AbortSignal.timeout(SHIFT_MS)]);
  const answer = await heartbeating(async () => work(shift));
  if (context.cancellationSignal.aborted) await context.cancelled;
  return answer;
}
