/** Housekeeping of the records; each method may be repeated at any time. */
export interface RecordMaintenance {
  /** Makes partitions ahead and drops what its retention setting says is old, `each` part by itself. Answers what it did, for the log. */
  maintain(retention: Retention, each?: EachPart): Promise<Record<string, unknown>>;
  /** Drafts older than `olderThanMs` that no workflow has opened. */
  listStaleDrafts(olderThanMs: number, limit: number): Promise<{ runId: string; workflowId: string }[]>;
  /** Runs outside any session that ended longer ago and still have their volume; oldest first. */
  listRunsToRelease(endedBeforeMs: number, limit: number): Promise<string[]>;
  markVolumeReleased(runId: string): Promise<void>;
}

/** Does a part of something; where it answers undefined the part failed, which holds up no other. */
export type EachPart = <T>(name: string, work: () => Promise<T>) => Promise<T | undefined>;

/** How long records are kept. */
export interface Retention {
  readonly eventRetentionDays: number;
  readonly idempotencyRetentionHours: number;
  /** Workspaces of ended runs that belong to no session, and what platforms keep of ended Jobs. */
  readonly workspaceRetentionHours: number;
  /** What became of deliveries to webhooks. */
  readonly webhookLogRetentionDays: number;
}
