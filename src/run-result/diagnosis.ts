import { FAILURE_MEANINGS, UNKNOWN_FAILURE } from './failure-meanings.js';
import { leaseEndMs, livenessPhase, runningTool } from './liveness-phase.js';
import type { LivenessPhase } from '../contract/result.js';
import { elapsed, endedAs, liveTurn, openCommands, textField, type EndedAs, type RunFacts } from './run-facts.js';

/** One sentence: what happened, and what to do next. */
export function diagnosis(facts: RunFacts): string {
  const ended = endedAs(facts);
  if (ended !== null) return endedSentence(ended);
  const { run } = facts;
  if (run.cancelRequestedAt !== null && run.terminalStatus === null && run.claimedBy !== null) {
    return `A cancel was asked for and runner ${run.claimedBy} is being stopped; wait for the end.`;
  }
  return PHASE_SENTENCES[livenessPhase(facts)](facts);
}

function endedSentence(ended: EndedAs): string {
  if (ended.status === 'completed') return `The ${ended.what} completed; read the reply.`;
  if (ended.status === 'cancelled' && (ended.failureKind === null || ended.failureKind === 'cancelled')) {
    return `The ${ended.what} was cancelled; ${FAILURE_MEANINGS.cancelled.next}.`;
  }
  const meaning = ended.failureKind === null ? UNKNOWN_FAILURE : FAILURE_MEANINGS[ended.failureKind];
  const word = { failed: 'failed', blocked: 'is blocked', cancelled: 'was cancelled' }[ended.status];
  return `The ${ended.what} ${word}: ${meaning.what}; ${meaning.next}.`;
}

const PHASE_SENTENCES: Record<LivenessPhase, (facts: RunFacts) => string> = {
  'waiting-for-runner': ({ run, nowMs }) =>
    `No runner has claimed the run for ${seconds(elapsed(Date.parse(run.createdAt), nowMs))}; ask for a runner Job, or start a runner that claims it.`,
  'runner-starting': (facts) => startingSentence(facts),
  claimed: (facts) => claimedSentence(facts),
  'turn-running': (facts) => `${turnSentence(facts)}; wait, steer it, or interrupt it.`,
  'tool-running': (facts) => {
    const tool = runningTool(facts);
    return `${turnSentence(facts)} and runs ${(tool && textField(tool, 'toolName')) ?? 'a tool'}; wait, or interrupt it.`;
  },
  idle: ({ run }) => `Runner ${run.claimedBy} is idle between turns; send a turn, or let the run end by itself.`,
  'lease-expired': (facts) => leaseSentence(facts),
  retrying: ({ run }) =>
    `The runner of attempt ${run.attempt - 1} was lost and attempt ${run.attempt} of ${run.retryPolicy.maxAttempts} waits for one; wait, or claim the run with another runner.`,
  terminal: ({ run }) => `The run has ended ${run.status}, with this command still open in its record; read the run.`,
};

function startingSentence({ runnerJob }: RunFacts): string {
  const reason = runnerJob?.reason ? ` (${runnerJob.reason})` : '';
  return `The runner Job ${runnerJob?.jobName} is ${runnerJob?.status}${reason} and has not claimed the run yet; wait, or look at the Job.`;
}

function claimedSentence(facts: RunFacts): string {
  const next = openCommands(facts).length === 0 ? 'send a turn' : 'it should take the open command soon';
  return `Runner ${facts.run.claimedBy} holds the run and works on no turn yet; ${next}.`;
}

function turnSentence(facts: RunFacts): string {
  const since = Date.parse(liveTurn(facts)?.acknowledgedAt ?? facts.run.updatedAt);
  const silent = elapsed(Math.max(since, facts.lastEventAtMs ?? 0), facts.nowMs);
  const running = seconds(elapsed(since, facts.nowMs));
  return `Runner ${facts.run.claimedBy} has worked on the turn for ${running}, with the last event ${seconds(silent)} ago`;
}

function leaseSentence(facts: RunFacts): string {
  const { run } = facts;
  const age = seconds(elapsed(leaseEndMs(facts) ?? facts.nowMs, facts.nowMs));
  const next =
    run.attempt < run.retryPolicy.maxAttempts
      ? `attempt ${run.attempt + 1} of ${run.retryPolicy.maxAttempts} follows`
      : 'it was the last attempt, so the run is about to fail';
  return `Runner ${run.claimedBy} let its lease run out ${age} ago; ${next}.`;
}

function seconds(ms: number): string {
  return ms < 10_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 1000)} s`;
}
