import type { UpdateDefinition } from '@temporalio/common';
import { ApplicationFailure, patched, setHandler } from '@temporalio/workflow';
import { RunRefused } from '../../src/domain/refusals.js';
import type {
  AddCommand,
  Answer,
  FinishRun,
  SendToSession,
  ToRun,
  WriteDown,
  Writer,
} from '../../src/domain/run-messages.js';
import { records } from './activities.js';
import type { LiveRun } from './live-run.js';
import * as messages from './messages.js';
import { stateView } from './presentation.js';
import { asFailure, assertRoom, orRefuse } from './refusing.js';
import { admitSends, sendToSession } from './sends.js';
import { uncancelled } from './uncancelled.js';

/** Before this whoever came for an attempt that was lost in that moment was given the next. */
const CLAIMS_ITS_OWN = 'claims-what-it-asked-for';

/** Sets all handlers; before the first await, so that no message finds the workflow deaf. */
export function handleMessages(live: LiveRun): void {
  const { run } = live;
  const open = ({ runId }: ToRun) => admit(live, { runId });
  const openCommand = (message: ToRun & { commandId: string }) => {
    open(message);
    run.command(message.commandId);
  };
  const heldCommand = (message: ToRun & Writer & { commandId: string }) => {
    admit(live, message);
    run.command(message.commandId);
  };
  handleRecords(live);
  // Where the workflow runs another run of the session, the answer names it instead of failing.
  setHandler(messages.openRunUpdate, async (message: ToRun) => openRun(live, message), {
    validator: ({ runId }: ToRun) => refuseClosing(live, runId),
  });
  setHandler(messages.sendToSessionUpdate, async (message: SendToSession) => sendToSession(live, message), {
    validator: (_: SendToSession) => admitSends(live),
  });
  const decide = decider(live);
  decide(
    messages.claimRunUpdate,
    ({ runId, attempt }) => admit(live, { runId, attempt }),
    (claim) => claimRun(live, claim),
  );
  decide(
    messages.addCommandUpdate,
    (add) => admitCommand(live, add),
    (add) => addCommand(live, add),
    (add) => live.projection.assertShown(add.commandId),
  );
  decide(messages.ackCommandUpdate, heldCommand, (ack) => run.ackCommand(ack.commandId, ack.threadId));
  decide(messages.finishCommandUpdate, heldCommand, (finish) => run.finishCommand(finish));
  decide(
    messages.cancelCommandUpdate,
    openCommand,
    ({ commandId, reason, outcome }) => void run.cancelCommand(commandId, reason, outcome),
  );
  decide(
    messages.finishRunUpdate,
    (finish) => admit(live, finish),
    (finish) => finishRun(live, finish),
  );
  decide(messages.cancelRunUpdate, open, ({ reason }) => void run.cancelRun(reason));
  decide(messages.requestRunnerJobUpdate, open, ({ attempt }) => run.requestJob(attempt));
  handleSignals(live);
}

function handleRecords(live: LiveRun): void {
  setHandler(messages.writeDownUpdate, async (message: WriteDown) => writeDown(live, message), {
    validator: (message: WriteDown) => orRefuse(() => assertHere(live, message)),
  });
  setHandler(messages.runStateQuery, () => stateView(live.input, live.run.data), {
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

async function openRun({ input, projection }: LiveRun, message: ToRun) {
  if (message.runId !== input.runId) return { opened: false as const, activeRunId: input.runId };
  return { opened: true as const, ...(await projection.leave(message)) };
}

/** A run that is over is answered as well: its end is being written. */
async function writeDown(live: LiveRun, { commandIds }: WriteDown) {
  live.handled += 1;
  await live.projection.flush();
  return { forgotten: commandIds.filter((commandId) => live.run.isForgotten(commandId)) };
}

async function claimRun(live: LiveRun, claim: { runnerId: string; leaseMs: number; attempt?: number }) {
  const { run, input } = live;
  const claimed = async () => {
    run.admit({ attempt: claim.attempt });
    const { attempt, claimedBy } = run.data.lifecycle;
    if (claimedBy !== null && claimedBy !== claim.runnerId) {
      const lease = await records.expireLease({ runId: input.runId, attempt });
      if (!lease.expired) throw new RunRefused('held-by-another-runner', { attempt, claimedBy });
      if (!run.terminal && run.attempt === attempt) run.lose({ why: 'lease-expired' });
      // A Job's runner asks for the attempt that it was made for: the next one has a Job of its own, and this one's is stopped.
      if (claim.attempt !== undefined && patched(CLAIMS_ITS_OWN)) run.admit({ attempt: claim.attempt });
    }
    run.claim(claim.runnerId, claim.leaseMs);
    return { attempt: run.attempt };
  };
  return uncancelled(() => live.attemptLock.run(claimed));
}

function finishRun({ run }: LiveRun, finish: FinishRun): void {
  if (finish.threadId !== undefined) run.data.threadId = finish.threadId;
  run.finish(finish.outcome, {
    byRunner: finish.attempt !== undefined || finish.runnerId !== undefined,
    lastCommandSeq: finish.lastCommandSeq,
  });
}

/**
 * Sets the handler of an update: refused by `check` it leaves no trace in history; otherwise it decides, and answers when its
 * decision can be read, or with the snapshot for its sender to write. `assertRead` refuses what could not be written down.
 */
function decider(live: LiveRun) {
  return <A extends object, M extends ToRun>(
    update: UpdateDefinition<Answer<A> | undefined, [M]>,
    check: (message: M) => void,
    handle: (message: M) => A | void | Promise<A>,
    assertRead: (message: M) => void = () => undefined,
  ) => {
    const handler = async (message: M): Promise<Answer<A> | undefined> => {
      live.handled += 1;
      let answer: A | void;
      try {
        answer = await handle(message);
      } catch (error) {
        // What was decided before it came to that has nobody else to write it.
        if (!live.run.sparing || live.projection.isDue) await live.projection.flush();
        orRefuse(() => assertRead(message));
        throw asFailure(error);
      }
      const left = await live.projection.leave(message);
      orRefuse(() => assertRead(message));
      return answer === undefined && left.snapshot === undefined ? undefined : ({ ...answer, ...left } as Answer<A>);
    };
    setHandler(update, handler, { validator: (message: M) => orRefuse(() => check(message)) });
  };
}

/** @throws RunRefused where the message is for another run, the run is over, or its writer does not hold the attempt. */
function admit(live: LiveRun, message: ToRun & Writer): void {
  assertHere(live, message);
  live.run.admit(message);
}

function assertHere({ input }: LiveRun, { runId }: ToRun): void {
  if (runId !== input.runId) throw new RunRefused('run-not-here', { activeRunId: input.runId });
}

function addCommand({ run }: LiveRun, { commandId, type }: AddCommand): { readonly seq: number } {
  const seq = run.addCommand(commandId, type);
  run.endNeedlessInterrupts();
  return { seq };
}

function admitCommand(live: LiveRun, { runId }: ToRun): void {
  admit(live, { runId });
  assertRoom(live);
}

/** A new run of the session has to wait until this one is gone; the gateway asks again. */
function refuseClosing({ run, input }: LiveRun, runId: string): void {
  if (run.terminal && runId !== input.runId) throw ApplicationFailure.nonRetryable('the run is closing', 'run-closing');
}
