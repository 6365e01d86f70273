import type { ActionDescriptor, LivenessPhase } from '../contract/result.js';
import { isJobOver, livenessPhase } from './liveness-phase.js';
import { endedAs, focusCommand, type RunFacts } from './run-facts.js';

const MAX_ACTIONS = 5;

type Action = Pick<ActionDescriptor, 'action' | 'operation' | 'resourceKind'> & Partial<ActionDescriptor>;

/** What a caller can do next, the likeliest first. */
export function recoveryActions(facts: RunFacts): ActionDescriptor[] {
  const phase = livenessPhase(facts);
  const actions = phase === 'terminal' ? terminalActions(facts) : PHASE_ACTIONS[phase](facts);
  return actions.slice(0, MAX_ACTIONS).map((action) => descriptor(facts, action));
}

const PHASE_ACTIONS: Record<Exclude<LivenessPhase, 'terminal'>, (facts: RunFacts) => Action[]> = {
  'waiting-for-runner': (facts) => [START_RUNNER, pollEvents(facts), CANCEL_RUN],
  'runner-starting': (facts) => [...inspectJob(facts), pollEvents(facts), CANCEL_RUN],
  claimed: (facts) => [pollEvents(facts), SEND_TURN, CANCEL_RUN],
  'turn-running': (facts) => [pollEvents(facts), STEER_TURN, INTERRUPT_TURN, cancelCommand(facts), CANCEL_RUN],
  'tool-running': (facts) => [pollEvents(facts), STEER_TURN, INTERRUPT_TURN, cancelCommand(facts), CANCEL_RUN],
  idle: (facts) => [SEND_TURN, pollEvents(facts), FINISH_RUN, CANCEL_RUN],
  'lease-expired': (facts) => [pollEvents(facts), ...inspectJob(facts), CANCEL_RUN],
  retrying: (facts) => [pollEvents(facts), START_RUNNER, CANCEL_RUN],
};

function terminalActions(facts: RunFacts): Action[] {
  const succeeded = endedAs(facts)?.status === 'completed';
  const again = facts.run.sessionRef === null ? (succeeded ? [] : [CREATE_RUN]) : [SEND_SESSION];
  return [{ ...pollEvents(facts), action: 'read-events', afterSeq: 0 }, ...inspectJob(facts), ...again];
}

const START_RUNNER: Action = {
  action: 'start-runner',
  operation: 'create',
  resourceKind: 'runner-job',
  reason: 'no runner has claimed the run',
};
const SEND_TURN: Action = { action: 'send-turn', operation: 'create', resourceKind: 'command', inputKind: 'turn' };
const STEER_TURN: Action = { action: 'steer-turn', operation: 'create', resourceKind: 'command', inputKind: 'steer' };
const INTERRUPT_TURN: Action = {
  action: 'interrupt-turn',
  operation: 'create',
  resourceKind: 'command',
  inputKind: 'interrupt',
};
const CANCEL_RUN: Action = {
  action: 'cancel-run',
  operation: 'cancel',
  resourceKind: 'run',
  reasonRequired: false,
  reasonHint: 'why the run is no longer wanted',
};
const FINISH_RUN: Action = { action: 'finish-run', operation: 'finish', resourceKind: 'run' };
const CREATE_RUN: Action = { action: 'create-run', operation: 'create', resourceKind: 'run', resourceName: null };
const SEND_SESSION: Action = { action: 'send-session', operation: 'send', resourceKind: 'session', inputKind: 'turn' };

function pollEvents(facts: RunFacts): Action {
  return { action: 'poll-events', operation: 'events', resourceKind: 'run', afterSeq: facts.lastSeq, limit: 100 };
}

function cancelCommand(facts: RunFacts): Action {
  const resourceName = focusCommand(facts)?.id ?? null;
  return {
    action: 'cancel-command',
    operation: 'cancel',
    resourceKind: 'command',
    resourceName,
    reasonRequired: false,
  };
}

function inspectJob({ runnerJob }: RunFacts): Action[] {
  if (runnerJob === null) return [];
  const reason = isJobOver(runnerJob) ? `the Job is ${runnerJob.status}` : `the Job is still ${runnerJob.status}`;
  const job = { resourceName: runnerJob.id, runnerJobId: runnerJob.id };
  return [{ action: 'inspect-runner-job', operation: 'describe', resourceKind: 'runner-job', ...job, reason }];
}

function descriptor(facts: RunFacts, action: Action): ActionDescriptor {
  const { run } = facts;
  const sessionId = run.sessionRef?.sessionId ?? null;
  const names: Record<string, string | null> = { run: run.id, session: sessionId };
  return {
    resourceName: names[action.resourceKind] ?? null,
    runId: run.id,
    commandId: focusCommand(facts)?.id ?? null,
    sessionId,
    ...action,
    valuesPrinted: false,
  };
}
