import type { SlotSettings, SlotWanted } from '../../src/domain/task-messages.js';

/** What the order of a queue is decided from. */
export interface Contenders {
  readonly settings: SlotSettings;
  readonly waiting: Iterable<SlotWanted>;
  readonly holding: readonly { readonly tenantId: string }[];
  /** Slots that a tenant was given since it came, divided by its weight. */
  readonly served: Readonly<Record<string, number>>;
}

/**
 * Who gets the next slot: of the highest priority that waits, the tenant with the fewest slots for its weight, between equal ones that
 * which was served least, and of that tenant's tasks the oldest. Undefined where no slot is free or nobody waits. Pure.
 */
export function nextGrant(contenders: Contenders): SlotWanted | undefined {
  const { settings, waiting, holding } = contenders;
  if (settings.paused || holding.length >= settings.concurrency) return undefined;
  const first = firstOfEachTenant(waiting);
  const held = countByTenant(holding);
  return first.reduce<SlotWanted | undefined>(
    (best, one) => (best === undefined || isBefore(contenders, held, one, best) ? one : best),
    undefined,
  );
}

export function weightOf({ weights }: SlotSettings, tenantId: string): number {
  return weights[tenantId] ?? 1;
}

/** The oldest task of each tenant among those of the highest priority. */
function firstOfEachTenant(waiting: Iterable<SlotWanted>): SlotWanted[] {
  let highest = -Infinity;
  let first = new Map<string, SlotWanted>();
  for (const one of waiting) {
    if (one.priority < highest) continue;
    if (one.priority > highest) {
      highest = one.priority;
      first = new Map();
    }
    const known = first.get(one.tenantId);
    if (known === undefined || isOlder(one, known)) first.set(one.tenantId, one);
  }
  return [...first.values()];
}

function countByTenant(holding: Contenders['holding']): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { tenantId } of holding) counts.set(tenantId, (counts.get(tenantId) ?? 0) + 1);
  return counts;
}

function isBefore(contenders: Contenders, held: Map<string, number>, a: SlotWanted, b: SlotWanted): boolean {
  const { settings, served } = contenders;
  const share = ({ tenantId }: SlotWanted) => (held.get(tenantId) ?? 0) / weightOf(settings, tenantId);
  const difference = share(a) - share(b) || (served[a.tenantId] ?? 0) - (served[b.tenantId] ?? 0);
  return difference === 0 ? isOlder(a, b) : difference < 0;
}

/** Ids sort by their time: between tasks of one millisecond the id decides. */
export function isOlder(a: SlotWanted, b: SlotWanted): boolean {
  return a.sinceMs === b.sinceMs ? a.taskId < b.taskId : a.sinceMs < b.sinceMs;
}
