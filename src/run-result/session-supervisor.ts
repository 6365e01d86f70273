import type { RunResult } from '../contract/result.js';
import type { SessionRecord, SessionSupervisor } from '../contract/session.js';

/** What someone who minds a session must know: the session, and how its active run, or its last one, stands. */
export function sessionSupervisor(session: SessionRecord, result: RunResult | null): SessionSupervisor {
  const { sessionId, executionState, attentionState, active, terminalStatus, failureKind } = session;
  const { activeRunId, activeCommandId, lastRunId, lastCommandId } = session;
  return {
    ...(result === null ? NO_RUN : ofRun(result)),
    sessionId,
    executionState,
    attentionState,
    active,
    activeRunId,
    activeCommandId,
    lastRunId,
    lastCommandId,
    terminalStatus,
    failureKind,
    valuesPrinted: false,
  };
}

type OfRun = Omit<SessionSupervisor, keyof SessionRecord>;

const NO_RUN: OfRun = {
  runId: null,
  commandId: null,
  status: null,
  terminalClassification: null,
  phase: null,
  lastEventAgeMs: null,
  lastActivity: null,
  timeoutBudget: null,
  lastSeq: 0,
  liveness: null,
  recoveryActions: [],
};

function ofRun({ runId, commandId, status, terminalClassification, steerDelivery, liveness }: RunResult): OfRun {
  const { phase, lastEventAgeMs, lastActivity, timeoutBudget, lastSeq, recoveryActions } = liveness;
  return {
    runId,
    commandId,
    status,
    terminalClassification,
    phase,
    lastEventAgeMs,
    lastActivity,
    timeoutBudget,
    lastSeq,
    liveness,
    recoveryActions,
    steerDelivery,
  };
}
