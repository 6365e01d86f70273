import type { ScheduleAction, ScheduledTaskBody, ScheduleRecord } from '../contract/schedule.js';
import type { Reservation } from './reservation.js';
import type { Drafted, TenantScope } from './run-store.js';

/** When a schedule's times come, and what becomes of them. */
export type ScheduleDefinition = Pick<
  ScheduleRecord,
  | 'scheduleId'
  | 'tenantId'
  | 'cron'
  | 'intervalMs'
  | 'timeZone'
  | 'overlapPolicy'
  | 'jitterMs'
  | 'startAt'
  | 'endAt'
  | 'catchupWindowMs'
  | 'paused'
>;

export interface ScheduleDraft {
  readonly definition: ScheduleDefinition;
  readonly task: ScheduledTaskBody;
  /** By which a repeat is told from another schedule of the same name. */
  readonly bodyHash: string;
}

/** A schedule as it was asked for. Whether Temporal has it is Temporal's to say. */
export interface ScheduleRow extends Pick<ScheduleDraft, 'definition' | 'task'> {
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** What one time of a schedule came to. */
export interface ScheduledOutcome extends Pick<ScheduleAction, 'taskId' | 'failureKind' | 'failureMessage'> {
  /** The workflow that Temporal started for it. */
  readonly actionId: string;
}

export interface KnownOutcome extends ScheduledOutcome {
  /** Its task has not ended. */
  readonly isActive: boolean;
}

export interface ScheduleFilter {
  readonly tenants: TenantScope;
  readonly tenantId?: string;
  readonly limit: number;
  readonly cursor?: string;
}

/**
 * Schedules of tenants, and what their newest times came to. A draft, which Temporal has not taken yet, is invisible to every read but
 * `find`. All methods throw `unavailable('database')` when PostgreSQL cannot be reached.
 */
export interface ScheduleStore {
  /**
   * A draft of the tenant's own in other words is replaced once no request can still be giving it to Temporal.
   * @throws conflict when the name is another schedule's, whoever's that is; idempotency-conflict.
   */
  draft(draft: ScheduleDraft, reservation?: Reservation): Promise<Drafted>;
  /** Whether there is an open schedule of this name that was asked for in these words. */
  isMade(scheduleId: string, bodyHash: string, tenants: TenantScope): Promise<boolean>;
  /** Takes back a draft, if it is in these words, with its reservations. Does nothing to an open schedule. */
  dropDraft(scheduleId: string, bodyHash?: string): Promise<void>;
  /** False where there is none, or none in these words. */
  open(scheduleId: string, bodyHash?: string): Promise<boolean>;
  /** A draft as well. */
  find(scheduleId: string): Promise<ScheduleRow | undefined>;

  get(scheduleId: string, tenants: TenantScope): Promise<ScheduleRow | undefined>;
  /** Newest first. A cursor that this list did not make is `schema-invalid`. */
  list(filter: ScheduleFilter): Promise<{ items: ScheduleRow[]; nextCursor?: string }>;
  setPaused(scheduleId: string, paused: boolean): Promise<void>;
  /** With its reservations. */
  remove(scheduleId: string): Promise<void>;
  /** Drafts that nobody has opened nor repeated for so long. */
  listStaleDrafts(olderThanMs: number, limit: number): Promise<string[]>;

  /** Keeps the newest ones of each schedule. Does nothing for one that is gone. May be repeated. */
  recordOutcome(scheduleId: string, outcome: ScheduledOutcome): Promise<void>;
  /** Of each of these schedules, newest first. */
  outcomes(scheduleIds: readonly string[]): Promise<ReadonlyMap<string, readonly KnownOutcome[]>>;
}
