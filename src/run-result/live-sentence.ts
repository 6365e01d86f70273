import type { LivenessPhase } from '../contract/result.js';
import { jobEndMeaning } from './job-end-meanings.js';
import { isBeingCancelled, leaseEndMs, livenessPhase, runningTool } from './liveness-phase.js';
import { neededInput } from './needed-input.js';
import { elapsed, focusEvents, liveTurn, openCommands, textField, type RunFacts } from './run-facts.js';
import { ageInWords, asClause, durationInWords } from './words.js';

const QUOTE = 160;

/** How a live run stands, and what can be done meanwhile. */
export function liveSentence(facts: RunFacts): string {
  const { run } = facts;
  if (isBeingCancelled(facts)) {
    return `A cancel was asked for and runner ${run.claimedBy} is being stopped; wait for the end.`;
  }
  return PHASE_SENTENCES[livenessPhase(facts)](facts);
}

const PHASE_SENTENCES: Record<LivenessPhase, (facts: RunFacts) => string> = {
  'waiting-for-runner': ({ run, nowMs }) =>
    `No runner has claimed the run for ${ageInWords(elapsed(Date.parse(run.createdAt), nowMs))}; ask for a runner Job, or start a runner that claims it.`,
  'runner-starting': (facts) => startingSentence(facts),
  claimed: (facts) => claimedSentence(facts),
  'turn-running': (facts) => `${turnSentence(facts)}${tryingAgain(facts)}; wait, steer it, or interrupt it.`,
  'tool-running': (facts) => {
    const tool = runningTool(facts);
    return `${turnSentence(facts)}, and runs ${(tool && textField(tool, 'toolName')) ?? 'a tool'}; wait, or interrupt it.`;
  },
  idle: (facts) =>
    inputSentence(facts) ??
    `Runner ${facts.run.claimedBy} is idle between turns${lastTurn(facts)}; send a turn, or let the run end by itself.`,
  'lease-expired': (facts) => leaseSentence(facts),
  retrying: (facts) => retryingSentence(facts),
  terminal: ({ run }) => `The run has ended ${run.status}, with this command still open in its record; read the run.`,
};

function startingSentence(facts: RunFacts): string {
  const { run, runnerJob, nowMs } = facts;
  const message = runnerJob?.message ? `: ${asClause(runnerJob.message, QUOTE)}` : '';
  const reason = runnerJob?.reason ? ` (${runnerJob.reason}${message})` : '';
  const next = jobEndMeaning(facts)?.next ?? 'look at the Job';
  const age = ageInWords(elapsed(Date.parse(runnerJob?.createdAt ?? run.createdAt), nowMs));
  return `The runner Job ${runnerJob?.jobName} is ${runnerJob?.status}${reason} and has not claimed the run yet, ${age} after it was asked for; wait, or ${next}.`;
}

function claimedSentence(facts: RunFacts): string {
  const next = openCommands(facts).length === 0 ? 'send a turn' : 'it should take the open command soon';
  return `Runner ${facts.run.claimedBy} holds the run and works on no turn yet; ${next}.`;
}

function turnSentence(facts: RunFacts): string {
  const since = Date.parse(liveTurn(facts)?.acknowledgedAt ?? facts.run.updatedAt);
  const silent = elapsed(Math.max(since, facts.lastEventAtMs ?? 0), facts.nowMs);
  const running = ageInWords(elapsed(since, facts.nowMs));
  const limit = durationInWords(facts.run.executionPolicy.timeoutMs);
  return `Runner ${facts.run.claimedBy} has worked on the turn for ${running} of at most ${limit}, with the last event ${ageInWords(silent)} ago`;
}

/** Where the newest sign of the turn is that its provider failed. */
function tryingAgain(facts: RunFacts): string {
  const turn = liveTurn(facts);
  const last = focusEvents(facts).findLast((event) => event.payload.commandId === turn?.id);
  const isError = last?.type === 'error' && last.payload.willRetry === true;
  if (last === undefined || !(isError || textField(last, 'phase') === 'provider/unreachable')) return '';
  const words = textField(last, 'details') ?? textField(last, 'message');
  return `, and tries the model provider again${words === null ? '' : ` (${asClause(words, QUOTE)})`}`;
}

function inputSentence(facts: RunFacts): string | undefined {
  const needed = neededInput(facts);
  if (needed === undefined) return undefined;
  const next = needed.isQuestion ? 'answer it with a further turn' : 'say in a further turn how to do without';
  return `The last turn needs input, and runner ${facts.run.claimedBy} waits for it: ${asClause(needed.message, QUOTE)}; ${next}.`;
}

function lastTurn({ commands }: RunFacts): string {
  const turn = commands.findLast(({ type }) => type === 'turn');
  if (turn?.terminalStatus === undefined || turn.terminalStatus === null) return '';
  const kind = turn.failureKind === null || turn.failureKind === 'cancelled' ? '' : ` with ${turn.failureKind}`;
  return ` (the last one ${turn.terminalStatus === 'blocked' ? 'is blocked' : turn.terminalStatus}${kind})`;
}

function leaseSentence(facts: RunFacts): string {
  const { run } = facts;
  const age = ageInWords(elapsed(leaseEndMs(facts) ?? facts.nowMs, facts.nowMs));
  const next =
    run.attempt < run.retryPolicy.maxAttempts
      ? `attempt ${run.attempt + 1} of ${run.retryPolicy.maxAttempts} follows`
      : 'it was the last attempt, so the run is about to fail';
  return `Runner ${run.claimedBy} let its lease run out ${age} ago; ${next}.`;
}

function retryingSentence(facts: RunFacts): string {
  const { attempt, retryPolicy } = facts.run;
  const lost = facts.events.findLast((event) => textField(event, 'phase') === 'attempt-lost');
  const why = lost && textField(lost, 'message');
  const happened = why ? `${asClause(why, QUOTE)},` : `the runner of attempt ${attempt - 1} was lost`;
  const sentence = `${happened} and attempt ${attempt} of ${retryPolicy.maxAttempts} waits for a runner; wait, or claim the run with another runner.`;
  return sentence.charAt(0).toUpperCase() + sentence.slice(1);
}
