import { ApplicationFailure, setHandler } from '@temporalio/workflow';
import { RunRefused } from '../../src/domain/refusals.js';
import type { FinishRun, RunInput, ToRun, Writer } from '../../src/domain/run-messages.js';
import { records } from './activities.js';
import type { Lock } from './lock.js';
import * as messages from './messages.js';
import { stateView } from './presentation.js';
import type { Projection } from './projection.js';
import type { RunState } from './run-state.js';

export interface LiveRun {
  readonly input: RunInput;
  readonly run: RunState;
  readonly projection: Projection;
  /** Held while an attempt changes hands. */
  readonly attemptLock: Lock;
  /** Messages handled by this execution; Temporal allows 2,000 updates in one. */
  handled: number;
}

/** Sets all handlers; before the first await, so that no message finds the workflow deaf. */
export function handleMessages(live: LiveRun): void {
  const { input, run } = live;
  const admit = (message: ToRun & Writer) => {
    admitRun(input, message);
    run.admit(message);
  };
  const open = (message: ToRun) => admit({ runId: message.runId });

  // Where the workflow runs another run of the session, the answer names it instead of failing.
  setHandler(messages.openRunUpdate, async ({ runId }) => openRun(live, runId), {
    validator: ({ runId }) => refuseClosing(live, runId),
  });
  setHandler(
    messages.claimRunUpdate,
    decide(live, async (claim) => claimRun(live, claim)),
    { validator: (claim) => refusals(() => admit({ runId: claim.runId, attempt: claim.attempt })) },
  );
  setHandler(
    messages.addCommandUpdate,
    decide(live, async ({ commandId, type }) => ({ seq: run.addCommand(commandId, type) })),
    { validator: (add) => refusals(() => admitCommand(live, add)) },
  );
  setHandler(
    messages.ackCommandUpdate,
    decide(live, async (ack) => run.ackCommand(ack.commandId, ack.threadId)),
    { validator: (ack) => refusals(() => (admit(ack), run.command(ack.commandId))) },
  );
  setHandler(
    messages.finishCommandUpdate,
    decide(live, async (finish) => run.finishCommand(finish)),
    { validator: (finish) => refusals(() => (admit(finish), run.command(finish.commandId))) },
  );
  setHandler(
    messages.cancelCommandUpdate,
    decide(live, async ({ commandId, reason }) => void run.cancelCommand(commandId, reason)),
    { validator: (cancel) => refusals(() => (open(cancel), run.command(cancel.commandId))) },
  );
  setHandler(
    messages.finishRunUpdate,
    decide(live, async (finish) => finishRun(live, finish)),
    { validator: (finish) => refusals(() => admit(finish)) },
  );
  setHandler(
    messages.cancelRunUpdate,
    decide(live, async ({ reason }) => void run.cancelRun(reason)),
    { validator: (cancel) => refusals(() => open(cancel)) },
  );
  setHandler(
    messages.requestRunnerJobUpdate,
    decide(live, async ({ attempt }) => run.requestJob(attempt)),
    { validator: (request) => refusals(() => open(request)) },
  );
  handleSignals(live);
  setHandler(messages.runStateQuery, () => stateView(input, run.data), {
    description: 'Where the run is, for operators',
  });
}

function handleSignals({ input, run }: LiveRun): void {
  setHandler(messages.leaseExpiredSignal, ({ runId, attempt }) => {
    if (runId !== input.runId || run.terminal || attempt !== run.attempt) return;
    run.data.leaseDoubt = attempt;
  });
  setHandler(messages.runnerExitedSignal, ({ runId, attempt, reason, exitCode }) => {
    if (runId !== input.runId || run.terminal || attempt !== run.attempt) return;
    run.data.job.exited = { attempt, reason, exitCode };
  });
}

async function openRun(live: LiveRun, runId: string) {
  if (runId !== live.input.runId) return { opened: false as const, activeRunId: live.input.runId };
  await live.projection.flush();
  return { opened: true as const };
}

async function claimRun(live: LiveRun, claim: { runnerId: string; leaseMs: number; attempt?: number }) {
  const { run, input } = live;
  return live.attemptLock.run(async () => {
    run.admit({ attempt: claim.attempt });
    const { attempt, claimedBy } = run.data.lifecycle;
    if (claimedBy !== null && claimedBy !== claim.runnerId) {
      const lease = await records.expireLease({ runId: input.runId, attempt });
      if (!lease.expired) throw new RunRefused('held-by-another-runner', { attempt, claimedBy });
      if (!run.terminal && run.attempt === attempt) run.lose({ why: 'lease-expired' });
    }
    run.claim(claim.runnerId);
    const { runnerId, leaseMs } = claim;
    const granted = await records.grantLease({ runId: input.runId, attempt: run.attempt, runnerId, leaseMs });
    if (!granted) run.data.leaseDoubt = run.attempt;
    if (!granted) throw new RunRefused('attempt-over', { attempt: run.attempt });
    return { attempt: run.attempt };
  });
}

async function finishRun({ run }: LiveRun, finish: FinishRun): Promise<void> {
  if (finish.threadId !== undefined) run.data.threadId = finish.threadId;
  run.finish(finish.outcome, { byRunner: finish.attempt !== undefined, lastCommandSeq: finish.lastCommandSeq });
}

/** A handler that decides, then answers when its decision can be read. */
function decide<M, A>(live: LiveRun, handler: (message: M) => Promise<A>): (message: M) => Promise<A> {
  return async (message) => {
    live.handled += 1;
    try {
      return await handler(message);
    } catch (error) {
      throw asFailure(error);
    } finally {
      await live.projection.flush();
    }
  };
}

function admitRun(input: RunInput, message: ToRun): void {
  if (message.runId !== input.runId) throw new RunRefused('run-not-here', { activeRunId: input.runId });
}

const MAX_OPEN_COMMANDS = 1_000;

function admitCommand({ input, run }: LiveRun, message: ToRun): void {
  admitRun(input, message);
  run.admit({});
  if (run.openCommands.length >= MAX_OPEN_COMMANDS)
    throw new RunRefused('too-many-open-commands', { limit: MAX_OPEN_COMMANDS });
}

/** A new run of the session has to wait until this one is gone; the gateway asks again. */
function refuseClosing({ run, input }: LiveRun, runId: string): void {
  if (run.terminal && runId !== input.runId) throw ApplicationFailure.nonRetryable('the run is closing', 'run-closing');
}

function refusals(check: () => unknown): void {
  try {
    check();
  } catch (error) {
    throw asFailure(error);
  }
}

/** A refusal must be an ApplicationFailure: any other error in a handler would fail the whole workflow task. */
function asFailure(error: unknown): unknown {
  return error instanceof RunRefused ? ApplicationFailure.nonRetryable(error.message, error.type, error.facts) : error;
}
