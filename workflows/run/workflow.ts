import { allHandlersFinished, condition, continueAsNew, workflowInfo } from '@temporalio/workflow';
import type { RunInput } from '../../src/domain/run-messages.js';
import type { RunStatus } from '../../src/domain/run-lifecycle.js';
import { handleMessages, type LiveRun } from './handlers.js';
import { Lock } from './lock.js';
import { nextStep, type Step } from './next-step.js';
import { Projection } from './projection.js';
import type { RunData } from './run-data.js';
import { RunState } from './run-state.js';
import { perform, stopJob } from './steps.js';

/** Temporal takes 2,000 updates in one execution; leave room for those in flight. */
const MAX_HANDLED = 1_500;

/**
 * The life of one run: waits for what others say to it, does by itself what is due (launch a Job, give up a lost attempt, end a
 * turn that passed its limits), and decides alone what status the run has. Carries `data` over continue-as-new.
 */
export async function runWorkflow(input: RunInput, data?: RunData): Promise<{ status: RunStatus; attempt: number }> {
  const run = new RunState(input, data);
  const projection = new Projection(input, run);
  const live: LiveRun = { input, run, projection, attemptLock: new Lock(), handled: 0 };
  handleMessages(live);

  while (!run.terminal && !projection.foreign) {
    await projection.flush();
    const step = nextStep(input, run.data, Date.now());
    if (step.do !== 'wait') await perform(live, step);
    else if (shouldContinueAsNew(live)) await continueWhenQuiet(live);
    else await waitForChange(live, step);
  }
  await projection.flush();
  if (run.data.job.launchedFor !== null) await stopJob(live, run.data.job.launchedFor, input.policy.jobStopGraceMs);
  await condition(allHandlersFinished);
  return { status: run.data.lifecycle.status, attempt: run.attempt };
}

/** Until something is to be done, or something else is to be waited for. */
async function waitForChange(live: LiveRun, wait: Extract<Step, { do: 'wait' }>): Promise<void> {
  const { run, input, projection } = live;
  const changed = () => {
    if (run.terminal || projection.foreign || shouldContinueAsNew(live)) return true;
    const next = nextStep(input, run.data, Date.now());
    return next.do !== 'wait' || next.untilMs !== wait.untilMs;
  };
  if (wait.untilMs === null) await condition(changed);
  else await condition(changed, Math.max(1, wait.untilMs - Date.now()), { summary: wait.name });
}

function shouldContinueAsNew({ input, handled }: LiveRun): boolean {
  const { continueAsNewSuggested, historyLength } = workflowInfo();
  return continueAsNewSuggested || handled >= MAX_HANDLED || historyLength >= (input.continueAsNewAtEvents ?? Infinity);
}

/** Nothing may be under way when the state is handed to the next execution: what is not in `data` is lost. */
async function continueWhenQuiet(live: LiveRun): Promise<void> {
  const { input, run, projection } = live;
  await condition(() => run.terminal || (allHandlersFinished() && projection.idle));
  if (run.terminal || projection.foreign || nextStep(input, run.data, Date.now()).do !== 'wait') return;
  await continueAsNew<typeof runWorkflow>(input, run.data);
}
