import type { TaskRecord } from '../contract/task.js';
import { spell } from './durations.js';

/** What a task has used of its caps. */

/** The cap that is nearer, in a column's width: `81% tok`, `40% time`; null without caps. `share` is 1 at the cap. */
export function nearestCap({ budget, usage }: TaskRecord): { readonly share: number; readonly text: string } | null {
  const shares = [
    { what: 'tok', used: usage.totalTokens, cap: budget.maxTokens },
    { what: 'time', used: usage.wallTimeMs, cap: budget.maxWallTimeMs },
  ].flatMap(({ what, used, cap }) => (cap === null ? [] : [{ what, share: used / cap }]));
  const [first] = shares.sort((one, other) => other.share - one.share);
  return first === undefined ? null : { share: first.share, text: `${Math.floor(first.share * 100)}% ${first.what}` };
}

/** In full: `162,000 of 200,000 tokens, 12 min of 30 min`; without caps what was used, and null where that is nothing. */
export function budgetWords({ budget, usage }: Pick<TaskRecord, 'budget' | 'usage'>): string | null {
  const tokens = ofCap(usage.totalTokens, budget.maxTokens, inThousands);
  const time = ofCap(usage.wallTimeMs, budget.maxWallTimeMs, spell);
  const words = [tokens === null ? null : `${tokens} tokens`, time].filter((part) => part !== null);
  return words.length === 0 ? null : words.join(', ');
}

function ofCap(used: number, cap: number | null, spelled: (value: number) => string): string | null {
  if (cap === null) return used === 0 ? null : spelled(used);
  return `${spelled(used)} of ${spelled(cap)}`;
}

function inThousands(value: number): string {
  return value.toLocaleString('en-US');
}
