import type { SessionRecord } from '../contract/session.js';
import type { ActiveSession, TaskAttempt, TaskRecord, TaskSupervisor } from '../contract/task.js';
import type { NextAction } from '../domain/next-actions.js';
import { isTerminalStatus } from '../domain/outcome.js';
import { sessionExecutionState } from '../domain/session-state.js';
import { diagnosis } from './diagnosis.js';
import { livenessOf } from './liveness.js';
import { endedAs, focusCommand, liveTurn, openCommands, type RunFacts } from './run-facts.js';

/** The session while it works, be it on something else than the task; null between its turns. */
export function activeSessionOf(session: SessionRecord | null): ActiveSession | null {
  if (session === null || !session.active) return null;
  return {
    sessionId: session.sessionId,
    sessionPath: session.sessionPath,
    executionState: session.executionState,
    attentionState: session.attentionState,
    active: session.active,
    activeRunId: session.activeRunId,
    activeCommandId: session.activeCommandId,
    lastRunId: session.lastRunId,
    lastCommandId: session.lastCommandId,
    terminalStatus: session.terminalStatus,
    failureKind: session.failureKind,
    lastActivityAt: session.lastActivityAt,
    updatedAt: session.updatedAt,
    valuesPrinted: false,
  };
}

/** The run, and where it is one of many the command, that tells how a task stands: what its session works on, else its newest attempt. */
export function supervised(
  attempt: TaskAttempt,
  session: SessionRecord | null,
): { readonly runId: string | null; readonly commandId: string | null } {
  if (session !== null && session.active) return { runId: session.activeRunId ?? session.lastRunId, commandId: null };
  return attempt;
}

/** `facts` are those of what `supervised` names; null where that has no record. */
export function taskSupervisor(
  task: Pick<TaskRecord, 'id' | 'state'>,
  attempt: TaskAttempt,
  session: SessionRecord | null,
  facts: RunFacts | null,
): TaskSupervisor {
  const activeSession = activeSessionOf(session);
  const work = facts === null ? withoutRun(attempt) : ofRun(facts);
  return {
    source: activeSession === null ? 'latest-attempt' : 'active-session',
    attemptRunId: attempt.runId,
    attemptCommandId: attempt.commandId,
    activeSession,
    ...work,
    ...standing(session, facts),
    recoveryActions: activeSession === null ? actionsOf(task, attempt, work) : work.recoveryActions,
    valuesPrinted: false,
  };
}

/** A task that ended without success is dispatched again where its run would be made again by hand. */
function actionsOf(
  { id, state }: Pick<TaskRecord, 'id' | 'state'>,
  { runId, commandId, sessionId }: TaskAttempt,
  { recoveryActions }: OfRun,
): OfRun['recoveryActions'] {
  if (state !== 'failed' && state !== 'blocked') return recoveryActions;
  const about = { resourceName: id, runId, commandId, sessionId };
  const dispatch = { action: 'dispatch-task', operation: 'dispatch', resourceKind: 'task', ...about } as const;
  const others = recoveryActions.filter(({ action }) => !BY_HAND.includes(action));
  const place = recoveryActions.findIndex(({ action }) => BY_HAND.includes(action));
  return others.toSpliced(place < 0 ? 0 : place, 0, { ...dispatch, valuesPrinted: false }).slice(0, MAX_ACTIONS);
}

const MAX_ACTIONS = 5;
const BY_HAND: readonly NextAction[] = ['create-run', 'send-turn', 'send-session'];

type Standing = Pick<TaskSupervisor, 'executionState' | 'activeRunId' | 'activeCommandId'>;
type OfRun = Omit<TaskSupervisor, keyof Standing | 'source' | 'attemptRunId' | 'attemptCommandId' | 'activeSession'>;

function standing(session: SessionRecord | null, facts: RunFacts | null): Standing {
  if (session !== null) {
    const { executionState, activeRunId, activeCommandId } = session;
    return { executionState, activeRunId, activeCommandId };
  }
  if (facts === null) return { executionState: null, activeRunId: null, activeCommandId: null };
  return standingOfRun(facts);
}

/** A run without a session, told as a session would tell it. */
function standingOfRun(facts: RunFacts): Standing {
  const { id, status } = facts.run;
  const taken = liveTurn(facts);
  const next = openCommands(facts).find(({ type }) => type === 'turn') ?? null;
  const openTurn = taken !== null ? 'taken' : next !== null ? 'waiting' : 'none';
  return {
    executionState: sessionExecutionState({ status, openTurn, begun: facts.run.lastCommandSeq > 0 }),
    activeRunId: isTerminalStatus(status) ? null : id,
    activeCommandId: isTerminalStatus(status) ? null : ((taken ?? next)?.id ?? null),
  };
}

function ofRun(facts: RunFacts): OfRun {
  const ended = endedAs(facts);
  const { phase, active, lastSeq, lastEventAt, lastEventAgeMs, lastActivity, ...liveness } = livenessOf(facts);
  return {
    runId: facts.run.id,
    commandId: focusCommand(facts)?.id ?? null,
    status: facts.run.status,
    terminalStatus: ended?.status ?? null,
    failureKind: ended?.failureKind ?? null,
    diagnosis: diagnosis(facts),
    terminalClassification: liveness.terminalClassification,
    phase,
    active,
    lastSeq,
    lastEventAt,
    lastEventAgeMs,
    lastActivity,
    timeoutBudget: liveness.timeoutBudget,
    lease: liveness.lease,
    leaseRemainingMs: liveness.lease.leaseRemainingMs,
    leaseExpired: liveness.lease.leaseExpired,
    recoveryActions: liveness.recoveryActions,
    valuesPrinted: false,
  };
}

/** An attempt that could not be started, or is being started. */
function withoutRun({ runId, commandId, state, failureKind, failureMessage }: TaskAttempt): OfRun {
  return {
    runId,
    commandId,
    status: null,
    terminalStatus: isTerminalStatus(state) ? state : null,
    failureKind,
    diagnosis: failureMessage,
    terminalClassification: null,
    phase: null,
    active: false,
    lastSeq: 0,
    lastEventAt: null,
    lastEventAgeMs: null,
    lastActivity: null,
    timeoutBudget: null,
    lease: null,
    leaseRemainingMs: null,
    leaseExpired: false,
    recoveryActions: [],
    valuesPrinted: false,
  };
}
