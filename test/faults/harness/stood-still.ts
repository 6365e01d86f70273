/** A timer of this process is late by so much only where the machine, or the process, stood still. */
const GAP_MS = 300;
const LOOK_EVERY_MS = 50;

const gaps: { readonly endedAtMs: number; readonly forMs: number }[] = [];
let lookedAtMs = Date.now();

setInterval(() => {
  const nowMs = Date.now();
  const forMs = nowMs - lookedAtMs;
  if (forMs > GAP_MS) gaps.push({ endedAtMs: nowMs, forMs });
  lookedAtMs = nowMs;
}, LOOK_EVERY_MS).unref();

/** How long this machine did nothing since then: time that nobody had, and that is not the product's. */
export function stoodStillMs(sinceMs: number): number {
  const nowMs = Date.now();
  const running = { endedAtMs: nowMs, forMs: nowMs - lookedAtMs };
  const all = running.forMs > GAP_MS ? [...gaps, running] : gaps;
  return all.reduce((sum, { endedAtMs, forMs }) => sum + Math.max(0, Math.min(forMs, endedAtMs - sinceMs)), 0);
}
