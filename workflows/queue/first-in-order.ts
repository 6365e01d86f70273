import type { SlotSettings, SlotWanted } from '../../src/domain/task-messages.js';
import { isOlder, weightOf } from './next-grant.js';

/**
 * Of those that wait, the first in the order in which slots would come to them: by priority, then each tenant's first, second and so on, by
 * its weight, then by age. The records answer in the same order. Pure.
 */
export function firstInOrder(waiting: Iterable<SlotWanted>, settings: SlotSettings, limit: number): SlotWanted[] {
  const places = new Map<string, number>();
  const placed = [...waiting].sort(byAge).map((one) => {
    const line = `${one.priority} ${one.tenantId}`;
    const place = (places.get(line) ?? 0) + 1;
    places.set(line, place);
    return { one, share: place / weightOf(settings, one.tenantId) };
  });
  placed.sort((a, b) => b.one.priority - a.one.priority || a.share - b.share || byAge(a.one, b.one));
  return placed.slice(0, limit).map(({ one }) => one);
}

/**
 * Whether a task that comes is behind all of these, and behind those of which they are the first: of a lower priority, or of the lowest
 * and younger than its tenant's last. Pure.
 */
export function isBehind(waiting: Iterable<SlotWanted>, wanted: SlotWanted): boolean {
  let lowest = Infinity;
  let hasYounger = false;
  let hasOlder = false;
  for (const one of waiting) {
    lowest = Math.min(lowest, one.priority);
    if (one.priority !== wanted.priority || one.tenantId !== wanted.tenantId) continue;
    if (isOlder(one, wanted)) hasOlder = true;
    else hasYounger = true;
  }
  if (lowest === Infinity || wanted.priority > lowest) return false;
  return wanted.priority < lowest || (hasOlder && !hasYounger);
}

function byAge(a: SlotWanted, b: SlotWanted): number {
  return isOlder(a, b) ? -1 : 1;
}
