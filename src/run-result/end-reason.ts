import type { FailureKind } from '../domain/failure-kinds.js';
import { FAILURE_MEANINGS, UNKNOWN_FAILURE, type FailureMeaning } from './failure-meanings.js';
import { jobEndMeaning } from './job-end-meanings.js';
import { providerEvidence, type ProviderEvidence } from './provider-evidence.js';
import { focusEvents, textField, type EndedAs, type RunFacts } from './run-facts.js';
import { asClause, durationInWords } from './words.js';

/** How much of somebody's words a sentence may hold. */
const QUOTE = 170;
/** Of a Job that was never made these words are all there is; they name it before they come to the reason. */
const REFUSAL_QUOTE = 260;

/** Why it ended as it did, with the facts that matter, and what to do about it. Both are parts of a sentence. */
export type EndReason = Pick<FailureMeaning, 'what' | 'next'>;

interface Case {
  readonly facts: RunFacts;
  readonly ended: EndedAs;
  readonly provider: ProviderEvidence;
  readonly profile: string;
  /** `start the run again` and the like, whichever is possible. */
  readonly again: string;
  /** The same where it needs a new credential or new settings: a runner keeps those that it started with. */
  readonly afresh: string;
}

/** Of a failure, or of another end that has a failure kind. */
export function endReason(facts: RunFacts, ended: EndedAs): EndReason {
  const provider = providerEvidence(facts);
  const [profile, again] = [`the profile ${facts.run.backendProfile}`, againWords(facts)];
  const afresh = facts.run.terminalStatus === null ? 'end this run and start another' : again;
  const one = { facts, ended, provider, profile, again, afresh };
  const { failureKind } = ended;
  const explain = failureKind === null ? undefined : EXPLANATIONS[failureKind];
  return explain?.(one) ?? inGeneral(one);
}

/** How it can be tried again: on the live run, in the session, or anew. */
export function againWords({ run }: RunFacts): string {
  if (run.terminalStatus === null) return 'send the turn again';
  return run.sessionRef === null ? 'start the run again' : 'send it to the session again';
}

function anew({ run }: RunFacts): string {
  return run.sessionRef === null ? 'start a new run' : 'go on in a new session';
}

const EXPLANATIONS: Partial<Record<FailureKind, (one: Case) => EndReason>> = {
  'provider-auth-failed': ({ provider, profile, afresh }) => ({
    what: `${nameOf(provider)} refused the credential of ${profile}${answered(provider)}`,
    next:
      provider.httpStatus === 403
        ? `give that credential the right to it, or set another one, then ${afresh}`
        : `set a valid credential for ${profile}, then ${afresh}`,
  }),
  'backend-unauthorized': ({ profile, afresh }) => ({
    what: `${profile} has no usable credential for its model provider`,
    next: `set one for ${profile}, then ${afresh}`,
  }),
  'provider-rate-limited': (one) => (one.provider.isUsageLimit ? usageLimit(one) : rateLimit(one)),
  'provider-unavailable': (one) => unavailable(one),
  'provider-stream-disconnected': ({ provider, again }) => ({
    what: `the stream from ${nameOf(provider)} broke off${triedAgain(provider)}`,
    next: `${again}, and look at the provider and the network to it should it happen again`,
  }),
  'context-overflow': ({ facts }) => ({
    what: `the conversation no longer fits the model's context window${contextWindow(facts)}`,
    next: `${anew(facts)}, or ask with a shorter prompt`,
  }),
  'hard-timeout': ({ facts, again }) => ({
    what: `the turn passed its limit of ${durationInWords(facts.run.executionPolicy.timeoutMs)}${toolInTheWay(facts)}`,
    next: `raise executionPolicy.timeoutMs or ask for less in one turn, then ${again}`,
  }),
  'idle-timeout': ({ facts, again }) => ({
    what: `nothing came from the turn for ${durationInWords(facts.run.executionPolicy.idleTimeoutMs)}, its idle limit${lastSign(facts)}`,
    next: `look at what hung, or raise executionPolicy.idleTimeoutMs, then ${again}`,
  }),
  'runner-lost': (one) =>
    jobEnded(one) ?? {
      what: said(one) ?? FAILURE_MEANINGS['runner-lost'].what,
      next: `look at ${jobOf(one.facts)}, then ${one.again}`,
    },
  'runner-start-failed': (one) => jobEnded(one) ?? startFailed(one),
  'thread-resume-failed': (one) => ({
    what: said(one) ?? FAILURE_MEANINGS['thread-resume-failed'].what,
    next: anew(one.facts),
  }),
  'backend-failed': (one) => backendFailed(one),
};

/** The kind's own meaning, and what was said of this end in particular. */
function inGeneral(one: Case): EndReason {
  const { failureKind } = one.ended;
  const { what, next } = failureKind === null ? UNKNOWN_FAILURE : FAILURE_MEANINGS[failureKind];
  const words = said(one);
  return { what: words === null ? what : `${what} (${words})`, next };
}

function usageLimit({ provider, profile, afresh }: Case): EndReason {
  const words = provider.words === null ? '' : ` (${asClause(provider.words, QUOTE)})`;
  return {
    what: `the account behind ${profile} has reached its usage limit${words}`,
    next: `wait until it is lifted or set another account's credential, then ${afresh}`,
  };
}

function rateLimit({ provider, profile, again }: Case): EndReason {
  return {
    what: `${nameOf(provider)} limits the rate of ${profile}${answered(provider)}`,
    next: `wait for the limit to pass, then ${again}`,
  };
}

function unavailable(one: Case): EndReason {
  const { provider, profile, again, afresh } = one;
  const words = said(one);
  if (provider.isUnreachable && words !== null) {
    const next = `check the base_url of ${profile} and the network of the runner, validate the profile, then ${afresh}`;
    return { what: words, next };
  }
  return { what: `${nameOf(provider)} failed${answered(provider)}`, next: `wait until it is back, then ${again}` };
}

/** Where the platform's own word says more than ours; its message is a part of it. */
function jobEnded({ facts, again }: Case): EndReason | undefined {
  const meaning = jobEndMeaning(facts);
  if (meaning === undefined) return undefined;
  const message = facts.runnerJob?.message;
  const what = message ? `${meaning.what}: ${asClause(message, QUOTE)}` : meaning.what;
  return { what, next: meaning.next === null ? again : `${meaning.next}, then ${again}` };
}

function startFailed(one: Case): EndReason {
  const { facts, ended, again } = one;
  const wasNeverMade = isNeverMade(facts);
  const what = said(one, wasNeverMade ? REFUSAL_QUOTE : QUOTE) ?? FAILURE_MEANINGS['runner-start-failed'].what;
  const toldByRunner = focusEvents(facts).some(
    (event) => event.type === 'error' && textField(event, 'message') === ended.failureMessage,
  );
  if (toldByRunner) return { what, next: `correct that, then ${again}` };
  if (facts.runnerJob === null)
    return { what, next: `${again} and ask for a runner Job, or keep a runner that claims it` };
  if (wasNeverMade) return { what, next: `see to what kept its Job from being made, then ${again}` };
  return { what, next: `look at ${jobOf(facts)} and why it did not claim, then ${again}` };
}

/** Of a run that ended: its Job's own end is written a moment after the run's. */
function isNeverMade({ runnerJob }: Case['facts']): boolean {
  return runnerJob?.status === 'pending' || runnerJob?.reason === 'not-started';
}

function backendFailed(one: Case): EndReason {
  const { provider, profile, again, afresh } = one;
  if (provider.httpStatus !== null) {
    const next = `check the model and the settings of ${profile} and what was asked, then ${afresh}`;
    return { what: `${nameOf(provider)} refused the request${answered(provider)}`, next };
  }
  const what = said(one) ?? FAILURE_MEANINGS['backend-failed'].what;
  return { what, next: `read its last output, correct the prompt or the workspace, then ${again}` };
}

function said({ ended }: Case, length = QUOTE): string | null {
  return ended.failureMessage === null ? null : asClause(ended.failureMessage, length);
}

function nameOf({ host }: ProviderEvidence): string {
  return host === null ? 'the model provider' : `the model provider ${host}`;
}

/** ` (HTTP 401: Incorrect API key)`, as far as it is known. */
function answered({ httpStatus, words }: ProviderEvidence): string {
  const parts = [httpStatus === null ? [] : `HTTP ${httpStatus}`, words === null ? [] : asClause(words, QUOTE)].flat();
  return parts.length === 0 ? '' : ` (${parts.join(': ')})`;
}

function triedAgain({ retries }: ProviderEvidence): string {
  if (retries === 0) return '';
  return retries === 1 ? ', again after 1 retry' : `, again after ${retries} retries`;
}

function contextWindow(facts: RunFacts): string {
  const told = focusEvents(facts).findLast(({ payload }) => typeof payload.modelContextWindow === 'number');
  return told === undefined ? '' : ` of ${String(told.payload.modelContextWindow)} tokens`;
}

/** What a limit cut off. */
function toolInTheWay(facts: RunFacts): string {
  const call = focusEvents(facts).findLast((event) => event.type === 'tool_call');
  const wasCut = call !== undefined && ['running', 'cancelled'].includes(textField(call, 'status') ?? '');
  return wasCut ? ` while ${textField(call, 'toolName') ?? 'a tool'} was running` : '';
}

function lastSign(facts: RunFacts): string {
  const event = focusEvents(facts).findLast(
    ({ type }) => type !== 'backend_status' && type !== 'terminal_status' && type !== 'error',
  );
  return event === undefined ? '' : ` (its last sign is event ${event.seq}, ${event.type})`;
}

function jobOf({ runnerJob }: RunFacts): string {
  if (runnerJob === null) return 'the runner';
  const how = [runnerJob.status, runnerJob.reason].filter(Boolean).join(', ');
  return `the runner Job ${runnerJob.jobName} (${how})`;
}
