import type { QueueRecord, QueueStats } from '../contract/queue.js';
import { spell } from './durations.js';
import type { Colors } from './output.js';

/** Queues in words. Pure. */

export function queueWord({ paused, concurrency }: QueueRecord, { yellow, green }: Colors): string {
  if (paused) return yellow('⏸ Paused');
  return concurrency === 0 ? yellow('⏸ No slots') : green('▶ Open');
}

/** `10 slots, 10,000 may wait, acme=3`. */
export function slotWords({ concurrency, maxPending, autoDispatch, weights }: QueueRecord): string {
  const shares = Object.entries(weights).map(([tenant, weight]) => `${tenant}=${weight}`);
  return [
    concurrency === 1 ? '1 slot' : `${concurrency} slots`,
    `${maxPending.toLocaleString('en-US')} may wait`,
    ...(autoDispatch ? ['dispatches by itself'] : []),
    ...(shares.length === 0 ? [] : [`weights ${shares.join(' ')}`]),
  ].join(', ');
}

export function plainQueue(queue: QueueRecord): (string | number | null)[] {
  const { name, paused, concurrency, maxPending, autoDispatch, weights, updatedAt } = queue;
  const shares = Object.entries(weights).map(([tenant, weight]) => `${tenant}=${weight}`);
  const dispatch = autoDispatch ? 'auto' : 'manual';
  return [name, paused ? 'paused' : 'open', concurrency, maxPending, dispatch, shares.join(' '), updatedAt];
}

/** `3 of 10 slots · 12 wait, the oldest for 4 min · 40 done and 2 failed in the last hour`. */
export function depthWords({ counts, running, settings, oldestPendingAgeMs: oldest, throughput }: QueueStats): string {
  const slots = settings === null ? `${running} running` : `${running} of ${settings.concurrency} slots`;
  const waiting = `${counts.pending} ${counts.pending === 1 ? 'waits' : 'wait'}`;
  const wait = oldest === null ? 'nothing waits' : `${waiting}, the oldest for ${spell(oldest)}`;
  const { completedLastHour: done, failedLastHour: failed } = throughput;
  return [slots, wait, `${done} done and ${failed} failed in the last hour`].join(' · ');
}
