import { ApplicationFailure } from '@temporalio/workflow';
import { RunRefused } from '../../src/domain/refusals.js';
import type { Answer, SendToSession, SendToSessionAnswer, SentCommand } from '../../src/domain/run-messages.js';
import { records } from './activities.js';
import type { LiveRun } from './live-run.js';
import { assertRoom, orRefuse } from './refusing.js';

/**
 * A run that is over, or will be as soon as its runner has heard of it, takes nothing more: the session's next run does. Nor does one
 * that has no room at all, without a trace in its history.
 */
export function admitSends(live: LiveRun): void {
  orRefuse(() => {
    assertOpen(live);
    assertRoom(live);
  });
}

/**
 * Takes what was sent to the session, as far as there is room. What is not sent for the first time may have been an earlier run's: that
 * one has written it before it closed, so that the records know.
 */
export async function sendToSession(live: LiveRun, message: SendToSession): Promise<Answer<SendToSessionAnswer>> {
  const { sends, leaseOver } = message;
  const { input, run, projection } = live;
  live.handled += 1;
  const repeated = sends.filter((send) => !send.fresh).map((send) => send.commandId);
  const drafts = repeated.length === 0 ? [] : await records.findCommandDrafts({ commandIds: repeated });
  orRefuse(() => assertOpen(live));
  const wanted = sends.filter((send) => send.fresh || drafts.includes(send.commandId));
  const { done: taken, refused } = each(wanted, (send) => take(live, send, leaseOver));
  const needsJob = run.data.lifecycle.claimedBy === null && taken.some((send) => send.runnerJob);
  if (needsJob) run.requestJob(run.attempt);
  // Its runner may be somebody's own, and be lost: then this one's turn waits for a Job, not for a claim that never comes.
  else if (run.writingWithJobs && taken.some((send) => send.runnerJob)) run.data.job.wanted = true;
  const left = await projection.leave(message);
  if (projection.foreign) throw ApplicationFailure.nonRetryable('the run was over before', 'run-terminal');
  const { refused: unshown } = each(taken, ({ commandId }) => projection.assertShown(commandId));
  const all = [...refused, ...unshown];
  return { runId: input.runId, ...(all.length > 0 && { refused: all }), ...left };
}

function assertOpen({ run, input: { runId, policy } }: LiveRun): void {
  if (run.terminal) throw new RunRefused('session-closing', { runId, waitsFor: 'job', graceMs: policy.jobStopGraceMs });
  if (run.data.cancel === null) return;
  throw new RunRefused('session-closing', { runId, waitsFor: 'runner', graceMs: policy.cancelGraceMs });
}

function take(live: LiveRun, send: SentCommand, leaseOver: SendToSession['leaseOver']): void {
  if (!live.run.knows(send.commandId)) assertRoom(live);
  live.run.acceptSend(send, leaseOver);
}

/** Does something for each send; a refusal is that send's alone. */
function each(sends: readonly SentCommand[], work: (send: SentCommand) => void) {
  const done: SentCommand[] = [];
  const refused: NonNullable<SendToSessionAnswer['refused']>[number][] = [];
  for (const send of sends) {
    try {
      work(send);
      done.push(send);
    } catch (error) {
      if (!(error instanceof RunRefused)) throw error;
      refused.push({ commandId: send.commandId, type: error.type, facts: error.facts });
    }
  }
  return { done, refused };
}
