import {
  allHandlersFinished,
  CancellationScope,
  condition,
  continueAsNew,
  patched,
  workflowInfo,
} from '@temporalio/workflow';
import type { RunInput } from '../../src/domain/run-messages.js';
import type { RunStatus } from '../../src/domain/run-lifecycle.js';
import { handleMessages } from './handlers.js';
import { JobWork } from './job-work.js';
import type { LiveRun } from './live-run.js';
import { Lock } from './lock.js';
import { nextStep, type Step } from './next-step.js';
import { Projection } from './projection.js';
import type { RunData } from './run-data.js';
import { isUntold, tellTasks } from './tell-tasks.js';
import { RunState } from './run-state.js';
import { loseFailedLaunch, perform } from './steps.js';

/** Temporal takes 2,000 updates in one execution; leave room for those in flight. */
const MAX_HANDLED = 1_500;

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
  // Data comes from an earlier execution, which has opened the run.
  if (data === undefined && input.opening !== undefined) run.open(input.opening);
  const live: LiveRun = {
    input,
    run,
    projection: new Projection(input, run),
    attemptLock: new Lock(),
    jobWork: new JobWork(input.runId, run, async (attempt, message) => loseFailedLaunch(live, attempt, message)),
    handled: 0,
  };
  return live;
}

async function liveOn(live: LiveRun): Promise<void> {
  const { input, run, projection } = live;
  while (!run.terminal && !projection.foreign) {
    await projection.flush();
    await tellTasks(live);
    const step = nextStep(input, run.data, Date.now());
    if (step.do !== 'wait') await perform(live, step);
    else if (shouldContinueAsNew(live)) await continueWhenQuiet(live);
    else await waitForChange(live, step);
  }
  await projection.flush();
  await tellTasks(live);
  await live.jobWork.finish(input.policy.jobStopGraceMs);
  await condition(allHandlersFinished);
}

/** Until something is to be done, or something else is to be waited for. */
async function waitForChange(live: LiveRun, wait: Extract<Step, { do: 'wait' }>): Promise<void> {
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
  const { continueAsNewSuggested, historyLength } = workflowInfo();
  return continueAsNewSuggested || handled >= MAX_HANDLED || historyLength >= (input.continueAsNewAtEvents ?? Infinity);
}

/** Nothing may be under way when the state is handed to the next execution: what is not in `data` is lost. */
async function continueWhenQuiet(live: LiveRun): Promise<void> {
  const { input, run, projection } = live;
  await condition(() => run.terminal || (allHandlersFinished() && projection.idle && run.data.job.underWay === null));
  if (run.terminal || projection.foreign || isUntold(run.data)) return;
  if (nextStep(input, run.data, Date.now()).do !== 'wait') return;
  await continueAsNew<typeof runWorkflow>(input, run.data);
}
