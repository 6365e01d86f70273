const stops: (() => Promise<void>)[] = [];

/** Keeps something that several test files share until every test and every hook is over; the last one kept is stopped first. */
export function stopAtEnd(stop: () => Promise<void>): void {
  stops.unshift(stop);
}

/** Mocha calls it once, after all root hooks (.mocharc.cjs requires this file). */
export async function mochaGlobalTeardown(): Promise<void> {
  for (const stop of stops.splice(0)) await stop();
}
