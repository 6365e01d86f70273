import { Context } from '@temporalio/activity';

const INTERVAL_MS = 1_000;

/** Heartbeats while `work` runs, so that when this worker dies another one takes the activity over soon. */
export async function heartbeating<T>(work: () => Promise<T>): Promise<T> {
  const context = Context.current();
  const heartbeat = setInterval(() => context.heartbeat(), INTERVAL_MS);
  try {
    return await work();
  } finally {
    clearInterval(heartbeat);
  }
}
