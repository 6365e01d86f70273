import { ActivityFailure, ApplicationFailure, CancellationScope, isCancellation } from '@temporalio/workflow';
import { runnerJobId } from '../../src/domain/ids.js';
import { platform } from './activities.js';
import type { RunState } from './run-state.js';

/** A runner that lost its attempt has nothing left to save. */
const LOST_JOB_GRACE_MS = 2_000;

/**
 * Launches and stops a run's Jobs, one after another, beside everything else that the run does: the platform may be out of reach for
 * long. `data.job.underWay` says so; nothing continues as new meanwhile.
 */
export class JobWork {
  private last: Promise<void> = Promise.resolve();
  private launching: CancellationScope | undefined;

  constructor(
    private readonly runId: string,
    private readonly run: RunState,
    /** Told when a launch failed for good. */
    private readonly onLaunchFailed: (attempt: number, message: string) => Promise<void>,
  ) {}

  /** Starts the attempt's Job; its start deadline counts from when the platform has taken it. */
  launch(attempt: number): void {
    this.run.jobLaunched(attempt);
    this.begin('launching', async () => this.launchNow(attempt));
  }

  /** Stops the Job of an attempt that was lost, and then lets the next one be launched. */
  stopLost(attempt: number): void {
    this.launching?.cancel();
    this.begin('stopping', async () => {
      await this.stop(attempt, LOST_JOB_GRACE_MS);
      this.run.data.job.stopFirst = null;
    });
  }

  /** Resolves when nothing of the run's newest Job is left, nor is being made. */
  async finish(graceMs: number): Promise<void> {
    this.launching?.cancel();
    await this.last;
    const { launchedFor, askedFor } = this.run.data.job;
    // One that was asked for has a record, which waits for its end, also where it was never launched.
    const attempt = launchedFor ?? (this.run.sparing ? askedFor : null);
    if (attempt !== null) await this.stop(attempt, graceMs);
  }

  private begin(what: 'launching' | 'stopping', work: () => Promise<void>): void {
    this.run.data.job.underWay = what;
    const mine = this.last.then(work).finally(() => {
      if (this.last === mine) this.run.data.job.underWay = null;
      this.run.changedWithin();
    });
    this.last = mine;
  }

  private async launchNow(attempt: number): Promise<void> {
    const job = { runId: this.runId, attempt, jobId: runnerJobId(this.runId, attempt) };
    const scope = new CancellationScope();
    this.launching = scope;
    try {
      await scope.run(async () => platform.launchRunnerJob(job));
      this.run.data.job.launchedAtMs = Date.now();
    } catch (error) {
      if (!isCancellation(error)) await this.onLaunchFailed(attempt, publicMessage(error));
    } finally {
      this.launching = undefined;
    }
  }

  private async stop(attempt: number, graceMs: number): Promise<void> {
    await platform.stopRunnerJob({ jobId: runnerJobId(this.runId, attempt), graceMs });
  }
}

function publicMessage(error: unknown): string {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  return cause instanceof ApplicationFailure ? cause.message : 'the platform refused it';
}
