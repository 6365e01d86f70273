import { ActivityFailure, ApplicationFailure, CancellationScope, isCancellation, patched } from '@temporalio/workflow';
import type { Carried, Carrying } from '../../activities/carried.js';
import { runnerJobId } from '../../src/domain/ids.js';
import type { RunSnapshot } from '../../src/domain/run-snapshot.js';
import { platform } from './activities.js';
import type { Projection } from './projection.js';
import type { RunState } from './run-state.js';

/** A runner that lost its attempt has nothing left to save. */
const LOST_JOB_GRACE_MS = 2_000;

/** Before this the loss of an attempt was written by an activity of its own, and then its Job was stopped: the next one waited for both. */
const STOPS_ALONG = 'lost-attempts-are-written-with-the-stop';

/** Whether the loss of an attempt may be written along with the stop of its Job: not behind a launch that is still being given up. */
export function stopsAlong(run: RunState): boolean {
  return run.writingWithJobs && run.data.job.underWay === null && patched(STOPS_ALONG);
}

/**
 * Launches and stops a run's Jobs, one after another, beside everything else that the run does: the platform may be out of reach for
 * long. `data.job.underWay` says so; nothing continues as new meanwhile. What nobody is known to have written goes along, and is written first.
 */
export class JobWork {
  private last: Promise<void> = Promise.resolve();
  private launching: CancellationScope | undefined;

  constructor(
    private readonly runId: string,
    private readonly run: RunState,
    private readonly projection: Projection,
    /** Told when a launch failed for good. */
    private readonly onLaunchFailed: (attempt: number, message: string) => Promise<void>,
  ) {}

  /** Starts the attempt's Job; its start deadline counts from when the platform has taken it. */
  launch(attempt: number): void {
    this.run.jobLaunched(attempt);
    const snapshot = this.projection.carry();
    this.begin('launching', async () => this.launchNow(attempt, snapshot));
  }

  /** Stops the Job of an attempt that was lost, and then lets the next one be launched. */
  stopLost(attempt: number): void {
    this.launching?.cancel();
    const snapshot = stopsAlong(this.run) ? this.projection.carry() : undefined;
    this.begin('stopping', async () => {
      await this.along(snapshot, async (more) => this.stop(attempt, LOST_JOB_GRACE_MS, more));
      this.run.data.job.stopFirst = null;
    });
  }

  /** Resolves when nothing of the run's newest Job is left, nor is being made. The run's end is written along, where there is one to stop. */
  async finish(graceMs: number): Promise<void> {
    this.launching?.cancel();
    await this.last;
    for (const attempt of this.unfinished()) await this.stopAtEnd(attempt, graceMs);
  }

  /** Attempts whose Jobs are to be stopped. One that was asked for has a record, which waits for its end, also where it was never launched. */
  private unfinished(): number[] {
    const { launchedFor, askedFor } = this.run.data.job;
    const asked = this.run.sparing ? askedFor : null;
    if (launchedFor === null || asked === null) return [launchedFor ?? asked].filter((one) => one !== null);
    return this.run.writingWithJobs && asked > launchedFor ? [launchedFor, asked] : [launchedFor];
  }

  private begin(what: 'launching' | 'stopping', work: () => Promise<void>): void {
    this.run.data.job.underWay = what;
    const mine = this.last.then(work).finally(() => {
      if (this.last === mine) this.run.data.job.underWay = null;
      this.run.changedWithin();
    });
    this.last = mine;
  }

  private async launchNow(attempt: number, snapshot: RunSnapshot | undefined): Promise<void> {
    const scope = new CancellationScope();
    this.launching = scope;
    try {
      await scope.run(async () => this.launchAndWrite(attempt, snapshot));
      this.run.data.job.launchedAtMs = Date.now();
    } catch (error) {
      if (!isCancellation(error)) await this.onLaunchFailed(attempt, publicMessage(error));
    } finally {
      this.launching = undefined;
    }
  }

  /** Nothing is made for a run that may be another execution's. What could not be written along is written as ever, which meets the reason. */
  private async launchAndWrite(attempt: number, snapshot: RunSnapshot | undefined): Promise<void> {
    const job = { runId: this.runId, attempt, jobId: runnerJobId(this.runId, attempt) };
    const done = await this.along(snapshot, async (more) => platform.launchRunnerJob({ ...job, ...more }));
    if (done?.written !== 'refused') return;
    await this.projection.flush();
    if (!this.projection.foreign) await platform.launchRunnerJob(job);
  }

  private async stop(attempt: number, graceMs: number, more: Carrying = {}): Promise<Carried | undefined> {
    return platform.stopRunnerJob({ jobId: runnerJobId(this.runId, attempt), graceMs, ...more });
  }

  /** The end is written along, and the tasks that it is an end for are told. */
  private async stopAtEnd(attempt: number, graceMs: number): Promise<void> {
    const ended = this.projection.foreign || !this.run.writingWithJobs ? [] : (this.run.data.untold ?? []);
    const tell = ended.length > 0 ? { ended } : {};
    const done = await this.along(this.projection.carry(), (more) => this.stop(attempt, graceMs, { ...tell, ...more }));
    if (done?.told === true) this.run.told(ended);
  }

  /** Does the work with the snapshot along. A worker of an earlier release knows nothing of that, and says nothing. */
  private async along(
    snapshot: RunSnapshot | undefined,
    work: (more: Carrying) => Promise<Carried | undefined>,
  ): Promise<Carried | undefined> {
    let done: Carried | undefined;
    try {
      done = await work(snapshot === undefined ? {} : { snapshot });
    } finally {
      if (snapshot !== undefined) this.projection.carried(snapshot, done?.written);
    }
    return done;
  }
}

function publicMessage(error: unknown): string {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  return cause instanceof ApplicationFailure ? cause.message : 'the platform refused it';
}
