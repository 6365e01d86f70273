/** Bounds of an explanation, so that it stays one however long a run lived. `text` in UTF-16 units. */
export const TIMELINE_LIMITS = { entries: 200, text: 240, runs: 20 } as const;
