/** Bounds of an explanation, so that it stays one however long a run lived. `head`: how much of a long one is its beginning; `text` in UTF-16 units. */
export const TIMELINE_LIMITS = { entries: 200, head: 40, text: 240, runs: 20 } as const;
