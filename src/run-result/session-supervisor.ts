import type { RunResult } from '../contract/result.js';
import type { SessionRecord, SessionSupervisor } from '../contract/session.js';

/** What someone who minds a session must know: the session, and how its active run, or its last one, stands. */
export function sessionSupervisor(session: SessionRecord, result: RunResult | null): SessionSupervisor {
  const { sessionId, executionState, attentionState, active, terminalStatus, failureKind } = session;
  const { activeRunId, activeCommandId, lastRunId, lastCommandId } = session;
  const liveness = result?.liveness ?? null;
  return {
    sessionId,
    executionState,
    attentionState,
    active,
    activeRunId,
    activeCommandId,
    lastRunId,
    lastCommandId,
    runId: result?.runId ?? null,
    commandId: result?.commandId ?? null,
    status: result?.status ?? null,
    terminalStatus,
    failureKind,
    terminalClassification: result?.terminalClassification ?? null,
    phase: liveness?.phase ?? null,
    lastEventAgeMs: liveness?.lastEventAgeMs ?? null,
    lastActivity: liveness?.lastActivity ?? null,
    timeoutBudget: liveness?.timeoutBudget ?? null,
    lastSeq: liveness?.lastSeq ?? 0,
    liveness,
    recoveryActions: liveness?.recoveryActions ?? [],
    steerDelivery: result?.steerDelivery,
    valuesPrinted: false,
  };
}
