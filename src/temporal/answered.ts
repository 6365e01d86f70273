import type { Client } from '@temporalio/client';
import { setTimeout as delay } from 'node:timers/promises';
import { unavailable } from '../domain/errors.js';
import { isPassing, translate } from './errors.js';
import { whyUnusable } from './why-refused.js';

/** How long an update's answer is waited for. */
const ANSWER_TIMEOUT_MS = 10_000;
const PASSING_RETRY_MS = 50;
/** An answer that takes longer makes us ask whether the server is there. */
const LATE_MS = 1_000;

/** Makes the call within the time an HTTP caller waits; again where the workflow closed or continued under it. */
export async function answered<T>(client: Client, call: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + ANSWER_TIMEOUT_MS;
  for (;;) {
    try {
      return await unlessHung(client, client.withDeadline(deadline, call));
    } catch (error) {
      if (!isPassing(error)) throw translate(error);
      if (Date.now() + PASSING_RETRY_MS >= deadline) throw unavailable('temporal', error);
      await delay(PASSING_RETRY_MS);
    }
  }
}

/**
 * A server that hangs keeps its connections and answers nothing. While an answer is late, a cheap question tells a slow workflow from a
 * server that is gone, so that a caller learns it in about two seconds. The message may have arrived: repeating it is harmless.
 */
async function unlessHung<T>(client: Client, call: Promise<T>): Promise<T> {
  const answered = new AbortController();
  const hung = (async (): Promise<never> => {
    for (;;) {
      await delay(LATE_MS, undefined, { signal: answered.signal });
      if (!(await isReady(client)).ready) throw unavailable('temporal');
    }
  })();
  // Whichever loses the race has nobody left who looks at it.
  call.catch(() => undefined);
  hung.catch(() => undefined);
  return Promise.race([call, hung]).finally(() => answered.abort());
}

/** Whether the server answers for the namespace. */
export async function isReady(client: Client): Promise<{ ready: boolean; message?: string }> {
  try {
    const { namespace } = client.options;
    await client.withDeadline(Date.now() + 1_000, async () => client.workflowService.describeNamespace({ namespace }));
    return { ready: true };
  } catch (error) {
    return { ready: false, message: whyUnusable(error) ?? 'Temporal does not answer' };
  }
}
