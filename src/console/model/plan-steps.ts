export interface PlanStep {
  readonly state: 'done' | 'under way' | 'open';
  readonly words: string;
}

const STATES = { x: 'done', '~': 'under way', ' ': 'open' } as const;

/** A plan's steps, where each line is one: `[x] done`, `[~] under way`, `[ ] open`. Pure. */
export function planSteps(text: string): PlanStep[] | undefined {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const steps = lines.flatMap((line) => {
    const [, box, words] = /^\s*\[([x~ ])\]\s+(.*)$/.exec(line) ?? [];
    return box === undefined || words === undefined ? [] : [{ state: STATES[box as keyof typeof STATES], words }];
  });
  return steps.length > 0 && steps.length === lines.length ? steps : undefined;
}
