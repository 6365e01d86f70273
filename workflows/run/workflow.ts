import { allHandlersFinished, CancellationScope, condition, continueAsNew, patched } from '@temporalio/workflow';
import type { RunInput } from '../../src/domain/run-messages.js';
import type { RunStatus } from '../../src/domain/run-lifecycle.js';
import { historyIsLong } from '../history-is-long.js';
import { LOOK_MS } from './activities.js';
import { Alarm } from './alarm.js';
import { handleMessages } from './handlers.js';
import { JobWork, stopsAlong } from './job-work.js';
import type { LiveRun } from './live-run.js';
import { Lock } from './lock.js';
import { nextStep, type Step } from './next-step.js';
import { Projection } from './projection.js';
import { present } from './presentation.js';
import type { RunData } from './run-data.js';
import { isUntold, tellTasks } from './tell-tasks.js';
import { RunState } from './run-state.js';
import { loseFailedLaunch, perform } from './steps.js';

type Wait = Extract<Step, { do: 'wait' }>;

/** Temporal takes 2,000 updates in one execution; leave room for those in flight. */
const MAX_HANDLED = 1_500;

/**
 * Executions of earlier releases go on as they began: an event was spent on each timer that was set anew, and an activity on the snapshot
 * of every message. Asked once, as an execution begins, so that it lives by one way from end to end.
 */
const SPARES_HISTORY = 'spares-history';

/**
 * The same for a later one: what was decided was written by an activity of its own before a Job was made, and before it was stopped. One that
 * begins so is not asked about the earlier change: each costs two events.
 */
const WRITES_WITH_JOBS = 'writes-with-jobs';

/**
 * The life of one run: waits for what others say to it, does by itself what is due (launch a Job, give up a lost attempt, end a
 * turn that passed its limits), and decides alone what status the run has. Carries `data` over continue-as-new.
 * Cancelling the workflow in Temporal cancels the run, as its API does.
 */
export async function runWorkflow(input: RunInput, data?: RunData): Promise<{ status: RunStatus; attempt: number }> {
  const live = newLiveRun(input, data);
  const { run } = live;
  handleMessages(live);
  CancellationScope.current().cancelRequested.catch(async () => cancelRun(live));
  await CancellationScope.nonCancellable(async () => liveOn(live));
  return { status: run.data.lifecycle.status, attempt: run.attempt };
}

/** Written here as every message's decision is by its handler: the loop may be past looking for what is new. */
async function cancelRun({ run, projection }: LiveRun): Promise<void> {
  if (run.terminal) return;
  run.cancelRun({ text: 'Cancelled in Temporal.' });
  // What cannot be written is met by the loop too.
  if (patched('temporal-cancel-is-written')) await projection.flush().catch(() => undefined);
}

function newLiveRun(input: RunInput, data: RunData | undefined): LiveRun {
  const run = new RunState(input, data);
  run.writingWithJobs = patched(WRITES_WITH_JOBS);
  run.sparing = run.writingWithJobs || patched(SPARES_HISTORY);
  // Data comes from an earlier execution, which has opened the run.
  if (data === undefined && input.opening !== undefined) run.open(input.opening);
  const projection = new Projection(input, run);
  const onLaunchFailed = async (attempt: number, message: string) => loseFailedLaunch(live, attempt, message);
  const live: LiveRun = {
    input,
    run,
    projection,
    attemptLock: new Lock(),
    alarm: new Alarm(),
    jobWork: new JobWork(input.runId, run, projection, onLaunchFailed),
    handled: 0,
  };
  return live;
}

async function liveOn(live: LiveRun): Promise<void> {
  const { input, run, projection } = live;
  while (!run.terminal && !projection.foreign) {
    if (!run.sparing || (projection.isDue && !goesAlong(live))) await projection.flush();
    await tellTasks(live);
    const step = nextStep(input, run.data, Date.now());
    if (step.do !== 'wait') await performOwn(live, step);
    else if (shouldContinueAsNew(live)) await continueWhenQuiet(live);
    else if (run.sparing) await waitForAlarm(live, step);
    else await waitForChange(live, step);
  }
  await close(live);
  await condition(allHandlersFinished);
}

/**
 * The run's end is written before all else that is still to be done, and its tasks are told: by what stops its Job, unless one is still being
 * made or stopped, which may take long.
 */
async function close(live: LiveRun): Promise<void> {
  const { input, run, projection, jobWork } = live;
  const stopWrites = run.writingWithJobs && !projection.isWriting && run.data.job.underWay === null;
  if (!stopWrites) await writeAndTell(live);
  await jobWork.finish(input.policy.jobStopGraceMs);
  if (run.writingWithJobs) await writeAndTell(live);
}

async function writeAndTell(live: LiveRun): Promise<void> {
  await live.projection.flush();
  await tellTasks(live);
}

/** Whether what is due is written by what is done next. */
function goesAlong({ input, run }: LiveRun): boolean {
  if (!run.writingWithJobs) return false;
  const step = nextStep(input, run.data, Date.now());
  return step.do === 'launch-job' || (step.do === 'stop-job' && !isUntold(run.data) && stopsAlong(run));
}

/** Nothing is done for a run that may be another execution's; while that is found out, something else may become what is to be done. */
async function performOwn(live: LiveRun, step: Exclude<Step, Wait>): Promise<void> {
  const { run, projection } = live;
  const findsOut = run.writingWithJobs && step.do === 'launch-job';
  if (run.sparing && !projection.owned && !findsOut) await projection.flush();
  else await perform(live, step);
}

/** Until something is to be done, or sooner: the alarm may ring for what is over. */
async function waitForAlarm(live: LiveRun, wait: Wait): Promise<void> {
  const { run, input, projection, alarm } = live;
  projection.look();
  if (wouldSet(live, wait)) alarm.set(wait.untilMs, wait.name);
  present(input, run.data);
  await condition(() => {
    if (run.terminal || projection.foreign || isUntold(run.data) || shouldContinueAsNew(live)) return true;
    const next = nextStep(input, run.data, Date.now());
    return next.do !== 'wait' || projection.isDue || projection.isUnseen || wouldSet(live, next);
  });
}

/** What is due soon has to be waited for; the rest when no more messages come, for each moves it. */
function wouldSet({ alarm, projection }: LiveRun, wait: Wait): wait is Wait & { readonly untilMs: number } {
  const { untilMs } = wait;
  if (untilMs === null || (projection.looking && untilMs > Date.now() + LOOK_MS)) return false;
  return alarm.wouldSet(untilMs);
}

/** Until something is to be done, or something else is to be waited for. */
async function waitForChange(live: LiveRun, wait: Wait): Promise<void> {
  const { run, input, projection } = live;
  const changed = () => {
    if (run.terminal || projection.foreign || isUntold(run.data) || shouldContinueAsNew(live)) return true;
    const next = nextStep(input, run.data, Date.now());
    return next.do !== 'wait' || next.untilMs !== wait.untilMs;
  };
  if (wait.untilMs === null) await condition(changed);
  else await condition(changed, Math.max(1, wait.untilMs - Date.now()), { summary: wait.name });
}

/** Not while a Job is being launched or stopped: the platform may take long, and what is due goes on meanwhile. */
function shouldContinueAsNew({ input, run, handled }: LiveRun): boolean {
  if (run.data.job.underWay !== null) return false;
  return handled >= MAX_HANDLED || historyIsLong(input);
}

/** Nothing may be under way when the state is handed to the next execution: what is not in `data` is lost. */
async function continueWhenQuiet(live: LiveRun): Promise<void> {
  const { input, run, projection } = live;
  await condition(() => run.terminal || (allHandlersFinished() && projection.idle && run.data.job.underWay === null));
  if (run.terminal || projection.foreign || isUntold(run.data)) return;
  if (nextStep(input, run.data, Date.now()).do !== 'wait') return;
  await continueAsNew<typeof runWorkflow>(input, run.data);
}
