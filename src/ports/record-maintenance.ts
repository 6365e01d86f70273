/** Housekeeping of the records; each method may be repeated at any time. */
export interface RecordMaintenance {
  /** Makes partitions ahead and drops what its retention setting says is old. Answers what it did, for the log. */
  maintain(retention: Retention): Promise<Record<string, unknown>>;
  /** Drafts older than `olderThanMs` that no workflow has opened. */
  listStaleDrafts(olderThanMs: number, limit: number): Promise<{ runId: string; workflowId: string }[]>;
}

/** How long records are kept. */
export interface Retention {
  readonly eventRetentionDays: number;
  readonly idempotencyRetentionHours: number;
}
