import type { RunnerJobCreate, RunnerJobRecord, RunnerRecord, RunnerRegister } from '../contract/runner.js';
import type { OperatorPrincipal } from '../domain/principal.js';
import type { Reservation } from './reservation.js';
import type { RunnerJobView } from './runner-platform.js';

/** A Job that was asked for, with the caller's overrides. */
export interface RunnerJobRequest {
  readonly id: string;
  readonly runId: string;
  readonly attempt: number;
  readonly attemptId: string;
  readonly runnerId: string;
  readonly commandId: string | null;
  readonly jobName: string;
  readonly namespace: string;
  readonly overrides: Pick<RunnerJobCreate, 'image' | 'resources' | 'env'>;
}

/** Read model of runner Jobs and of runners that registered. */
export interface RunnerJobStore {
  /** Keeps the request unless the Job is there already; answers what is there. */
  request(job: RunnerJobRequest): Promise<RunnerJobRecord>;
  get(jobId: string): Promise<RunnerJobRecord | undefined>;
  /** The Job that an earlier request with the key was answered. @throws idempotency-conflict when it had another body. */
  findReserved(reservation: Reservation): Promise<string | undefined>;
  /** Keeps the key for the Job, unless it is kept already. @throws idempotency-conflict when it is, with another body. */
  reserve(reservation: Reservation, jobId: string): Promise<void>;
  /** Takes back what a request kept that was refused after all. */
  release(reservation: Reservation): Promise<void>;
  overrides(jobId: string): Promise<RunnerJobRequest['overrides'] | undefined>;
  list(query: { runId: string; commandId?: string }): Promise<RunnerJobRecord[]>;
  /** Jobs without an end of the session's runs that have one; not of that run. */
  listLeftBehind(query: { sessionId: string; besideRunId: string }): Promise<RunnerJobRecord[]>;
  /** Jobs without an end of runs that ended so long ago or longer, the longest first. */
  listOverdue(lateMs: number, limit: number): Promise<RunnerJobRecord[]>;
  /** What the platform says of it; an ended Job stays ended. */
  observe(view: RunnerJobView): Promise<void>;
  /** Undefined, and nothing written, where the id is that of a runner whose run is none of the tenants'. */
  register(
    runnerId: string,
    body: RunnerRegister,
    tenants: OperatorPrincipal['tenants'],
  ): Promise<RunnerRecord | undefined>;
}
