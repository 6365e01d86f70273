import type { ActionDescriptor, LivenessPhase } from '../contract/result.js';
import { again, FINISH_RUN, inspectJob, remedies, SEND_TURN, type Action } from './end-actions.js';
import { isBeingCancelled, livenessPhase } from './liveness-phase.js';
import { endedAs, focusCommand, type RunFacts } from './run-facts.js';

const MAX_ACTIONS = 5;

/** What a caller can do next, the likeliest first. */
export function recoveryActions(facts: RunFacts): ActionDescriptor[] {
  const phase = livenessPhase(facts);
  if (isBeingCancelled(facts))
    return [pollEvents(facts), ...inspectJob(facts)].map((action) => descriptor(facts, action));
  const actions = phase === 'terminal' ? terminalActions(facts) : [...remedies(facts), ...PHASE_ACTIONS[phase](facts)];
  return withoutDoubles(actions)
    .slice(0, MAX_ACTIONS)
    .map((action) => descriptor(facts, action));
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
  const read: Action = { ...pollEvents(facts), action: 'read-events', afterSeq: 0 };
  if (endedAs(facts)?.status === 'completed') return [read, ...(facts.run.sessionRef === null ? [] : [again(facts)])];
  const mending = remedies(facts);
  // What the session's conversation stumbled over, it would stumble over again.
  const isStuck = mending.some(({ action }) => action === 'create-session');
  const job = facts.runnerJob?.status === 'succeeded' ? [] : inspectJob(facts);
  return [...mending, ...(isStuck ? [] : [again(facts)]), read, ...job];
}

function withoutDoubles(actions: readonly Action[]): Action[] {
  return actions.filter(({ action }, index) => actions.findIndex((other) => other.action === action) === index);
}

const START_RUNNER: Action = {
  action: 'start-runner',
  operation: 'create',
  resourceKind: 'runner-job',
  reason: 'no runner has claimed the run',
};
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
