/** What a workflow's history holds. */
export interface History {
  readonly name: string;
  readonly events: number;
  readonly bytes: number;
  readonly byType: Readonly<Record<string, number>>;
}

/** What one state of a run adds to its history in an hour of nothing. */
export interface IdleHour {
  readonly name: string;
  readonly eventsPerHour: number;
  readonly byType: Readonly<Record<string, number>>;
}

export interface Histories {
  readonly histories: readonly History[];
  readonly idleHours: readonly IdleHour[];
}

/** Each event has its attributes in a field of its own, which names its type. */
export function countTypes(events: readonly object[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const event of events) {
    const field = Object.entries(event).find(([key, value]) => key.endsWith('EventAttributes') && value !== null)?.[0];
    const type = (field ?? 'unknown').replace(/EventAttributes$/, '');
    counts[type] = (counts[type] ?? 0) + 1;
  }
  return counts;
}
