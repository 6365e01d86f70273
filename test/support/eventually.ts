import { setTimeout as delay } from 'node:timers/promises';

/** Resolves with the first answer that is neither undefined nor false; looks every few milliseconds. */
export async function eventually<T>(
  what: string,
  look: () => T | Promise<T>,
  timeoutMs = 45_000,
): Promise<NonNullable<T>> {
  const giveUpAt = Date.now() + timeoutMs;
  for (;;) {
    const answer = await look();
    if (answer !== undefined && answer !== null && answer !== false) return answer;
    if (Date.now() > giveUpAt) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await delay(20);
  }
}
