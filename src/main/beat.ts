import { setTimeout as delay } from 'node:timers/promises';
import type { LeaseStore } from '../ports/lease-store.js';

const BEAT_MS = 1_000;
/** A silence of all API processes longer than this was an outage of ours: every lease then gets its full time again. */
const GAP_MS = 5_000;

/** Says each second that this process accepts lease renewals. Answers how to stop. */
export function startBeating(leases: LeaseStore, onFailure: (error: unknown) => void): () => Promise<void> {
  const stopping = new AbortController();
  const beating = (async () => {
    while (!stopping.signal.aborted) {
      await leases.beat(GAP_MS).catch(onFailure);
      await delay(BEAT_MS, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  })();
  return async () => {
    stopping.abort();
    await beating;
  };
}
