/** How the versions of a named template follow each other. They count from 1 and are never used twice, deletions or not. */

export interface NewestVersion {
  readonly version: number;
  readonly contentHash: string;
  readonly isDeleted: boolean;
}

export type ApplyDecision =
  | { readonly action: 'created' | 'updated' | 'unchanged'; readonly version: number }
  /** `version` is the one that is there; 0 where there is none. */
  | { readonly action: 'refused'; readonly version: number };

/**
 * What comes of applying this content. `ifVersion` is the version that the writer saw last, 0 for none; another one is
 * refused, unless it says the same already: the writer's own repeat must not look like a conflict.
 */
export function decideApply(
  newest: NewestVersion | undefined,
  contentHash: string,
  ifVersion: number | undefined,
): ApplyDecision {
  const live = newest?.isDeleted === false ? newest : undefined;
  if (live?.contentHash === contentHash) return { action: 'unchanged', version: live.version };
  const version = live?.version ?? 0;
  if (ifVersion !== undefined && ifVersion !== version) return { action: 'refused', version };
  return { action: live === undefined ? 'created' : 'updated', version: (newest?.version ?? 0) + 1 };
}

/** Names that differ in case only are one name. */
export function aipodSpecKey(name: string): string {
  return name.toLowerCase();
}
