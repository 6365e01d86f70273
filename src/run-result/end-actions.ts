import type { ActionDescriptor } from '../contract/result.js';
import type { FailureKind } from '../domain/failure-kinds.js';
import { cut } from './activity.js';
import { jobEndMeaning } from './job-end-meanings.js';
import { isJobOver } from '../domain/runner-job-status.js';
import { neededInput } from './needed-input.js';
import { providerEvidence } from './provider-evidence.js';
import { endedAs, type RunFacts } from './run-facts.js';

export type Action = Pick<ActionDescriptor, 'action' | 'operation' | 'resourceKind'> & Partial<ActionDescriptor>;

const HINT_LENGTH = 220;
const KEEPS_OLD = 'a runner keeps the profile that it was started with';

export const SEND_TURN: Action = {
  action: 'send-turn',
  operation: 'create',
  resourceKind: 'command',
  inputKind: 'turn',
};
export const FINISH_RUN: Action = { action: 'finish-run', operation: 'finish', resourceKind: 'run' };
const SEND_SESSION: Action = { action: 'send-session', operation: 'send', resourceKind: 'session', inputKind: 'turn' };
const CREATE_RUN: Action = { action: 'create-run', operation: 'create', resourceKind: 'run', resourceName: null };
const NEW_SESSION: Action = {
  action: 'create-session',
  operation: 'create',
  resourceKind: 'session',
  resourceName: null,
};

/** What mends what went wrong, the likeliest first; empty for what needs no mending. */
export function remedies(facts: RunFacts): Action[] {
  const needed = neededInput(facts);
  if (needed !== undefined) return answers(facts, needed.message, needed.isQuestion);
  const ended = endedAs(facts);
  if (ended === null || ended.status === 'completed') return [];
  const mending = ended.failureKind === null ? [] : (REMEDIES[ended.failureKind]?.(facts) ?? []);
  const needsFreshRunner = mending.some(({ action }) => action === 'set-credential' || action === 'set-config');
  const isOpen = facts.run.terminalStatus === null;
  return needsFreshRunner && isOpen ? [...mending, { ...FINISH_RUN, reason: KEEPS_OLD }] : mending;
}

/** How what ended can be tried again, or gone on from. */
export function again(facts: RunFacts): Action {
  if (facts.run.terminalStatus === null) return SEND_TURN;
  return facts.run.sessionRef === null ? CREATE_RUN : SEND_SESSION;
}

export function inspectJob({ runnerJob }: RunFacts): Action[] {
  if (runnerJob === null) return [];
  const reason = isJobOver(runnerJob) ? `the Job is ${runnerJob.status}` : `the Job is still ${runnerJob.status}`;
  const job = { resourceName: runnerJob.id, runnerJobId: runnerJob.id };
  return [{ action: 'inspect-runner-job', operation: 'describe', resourceKind: 'runner-job', ...job, reason }];
}

const REMEDIES: Partial<Record<FailureKind, (facts: RunFacts) => Action[]>> = {
  'provider-auth-failed': (facts) => [setCredential(facts), validateProfile(facts)],
  'backend-unauthorized': (facts) => [setCredential(facts), validateProfile(facts)],
  'provider-rate-limited': (facts) =>
    providerEvidence(facts).isUsageLimit ? [setCredential(facts), validateProfile(facts)] : [validateProfile(facts)],
  'provider-unavailable': (facts) =>
    providerEvidence(facts).isUnreachable ? [setConfig(facts), validateProfile(facts)] : [validateProfile(facts)],
  'context-overflow': (facts) => newSession(facts),
  'thread-resume-failed': (facts) => newSession(facts),
  'session-store-evicted': () => [NEW_SESSION],
  'hard-timeout': (facts) => [raiseLimit('timeoutMs', facts)],
  'idle-timeout': (facts) => [raiseLimit('idleTimeoutMs', facts)],
  'runner-lost': (facts) => [...mendJob(facts), ...inspectJob(facts)],
  'runner-start-failed': (facts) => [...mendJob(facts), ...inspectJob(facts)],
  'backend-failed': (facts) => (providerEvidence(facts).httpStatus === null ? [] : [setConfig(facts)]),
};

/** What the platform's word for the Job's end asks for. */
function mendJob(facts: RunFacts): Action[] {
  const meaning = jobEndMeaning(facts);
  return meaning === undefined ? [] : [{ resourceName: null, ...meaning.mend }];
}

/** A run without a session begins anew by itself. */
function newSession({ run }: RunFacts): Action[] {
  return run.sessionRef === null ? [] : [NEW_SESSION];
}

function setCredential({ run }: RunFacts): Action {
  const profile = { resourceKind: 'provider-profile', resourceName: run.backendProfile };
  return { action: 'set-credential', operation: 'credential', ...profile, inputKind: 'credential' };
}

function setConfig({ run }: RunFacts): Action {
  const profile = { resourceKind: 'provider-profile', resourceName: run.backendProfile };
  return { action: 'set-config', operation: 'config', ...profile, inputKind: 'config' };
}

function validateProfile({ run }: RunFacts): Action {
  const profile = { resourceKind: 'provider-profile', resourceName: run.backendProfile };
  return { action: 'validate-profile', operation: 'validate', ...profile };
}

/** A limit is the run's for good: a larger one needs another run. */
function raiseLimit(limit: 'timeoutMs' | 'idleTimeoutMs', { run }: RunFacts): Action {
  const reasonHint = `executionPolicy.${limit} above ${run.executionPolicy[limit]}`;
  return { ...CREATE_RUN, action: 'raise-limit', reasonHint };
}

function answers(facts: RunFacts, message: string, isQuestion: boolean): Action[] {
  const reasonHint = cut(message, HINT_LENGTH);
  const answer: Action = { ...again(facts), action: 'answer-input', inputKind: 'turn', reasonHint };
  if (isQuestion) return [answer];
  const allow: Action = { ...CREATE_RUN, action: 'allow-input', reasonHint: 'with an executionPolicy that allows it' };
  return [allow, answer];
}
