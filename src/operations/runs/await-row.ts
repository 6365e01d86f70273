import { setTimeout as delay } from 'node:timers/promises';

/** A workflow answers when its state is written, or about to be: longer than this its row is not behind it. */
const WAIT_MS = 1_000;
const PAUSE_MS = 50;

/** Reads a row until it is as it should be, for about a second; answers what was read last. */
export async function awaitRow<T>(read: () => Promise<T>, isSettled: (row: T) => boolean): Promise<T> {
  const endsAt = performance.now() + WAIT_MS;
  let row = await read();
  while (!isSettled(row) && performance.now() < endsAt) {
    await delay(PAUSE_MS);
    row = await read();
  }
  return row;
}
