import { setTimeout as delay } from 'node:timers/promises';

/** The work's answer, or undefined where it takes longer; the work goes on then. */
export async function within<T>(ms: number, work: Promise<T>): Promise<T | undefined> {
  const answered = new AbortController();
  const limit = delay(ms, undefined, { signal: answered.signal, ref: false });
  limit.catch(() => undefined);
  return Promise.race([work, limit]).finally(() => answered.abort());
}
