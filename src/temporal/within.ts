import { setTimeout as delay } from 'node:timers/promises';

/** The work's answer, or `late` where it takes longer; the work goes on then. */
export async function within<T, L>(ms: number, work: Promise<T>, late: L): Promise<T | L> {
  const answer = new AbortController();
  const limit = delay(ms, late, { signal: answer.signal });
  limit.catch(() => undefined);
  return Promise.race([work, limit]).finally(() => answer.abort());
}
