import type { ScheduleDefinition } from './schedule-store.js';

/** A schedule as Temporal has it. Times are ISO 8601. */
export interface LiveSchedule {
  readonly paused: boolean;
  /** Soonest first. */
  readonly nextTimes: readonly string[];
  /** Oldest first. */
  readonly actions: readonly { readonly actionId: string; readonly scheduledAt: string; readonly takenAt: string }[];
  readonly counts: { readonly taken: number; readonly skipped: number; readonly missed: number };
}

/** What Temporal says of a definition that it does not take. */
export interface DefinitionRefused {
  readonly field: 'cron' | 'intervalMs' | 'timeZone';
  readonly message: string;
}

/** The way to Temporal's schedules. @throws unavailable('temporal') within about 1.5 s when Temporal is down. */
export interface ScheduleGateway {
  /** Makes it, or makes the one that is there as this says. Answers why not, where Temporal does not take it. */
  put(definition: ScheduleDefinition): Promise<DefinitionRefused | undefined>;
  /** Undefined where Temporal does not know it. */
  describe(scheduleId: string): Promise<LiveSchedule | undefined>;
  /** False where Temporal does not know it. */
  setPaused(scheduleId: string, paused: boolean): Promise<boolean>;
  /** What it started goes on. Does nothing where Temporal does not know it. */
  remove(scheduleId: string): Promise<void>;
}
