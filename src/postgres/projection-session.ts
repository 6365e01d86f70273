import type { FailureKind } from '../domain/failure-kinds.js';
import { isTerminalStatus, type TerminalStatus } from '../domain/outcome.js';
import type { RunSnapshot } from '../domain/run-snapshot.js';
import { sessionExecutionState } from '../domain/session-state.js';
import type { Queryable } from './queryable.js';

/** Of `$11`, turns that ended, one whose end was not written before. */
const TURN_ENDED = `EXISTS (SELECT FROM unnest($11::text[]) ended (id)
    WHERE NOT EXISTS (SELECT FROM commands c WHERE c.id = ended.id AND c.finished_at IS NOT NULL))`;

/** `$12` and `$13`: how the run ended, for the first time, and otherwise than its last turn did. */
const RUN_ENDED_OTHERWISE = `$12::text IS NOT NULL AND (active_run_id = $5 OR last_run_id IS DISTINCT FROM $5)
    AND NOT EXISTS (SELECT FROM (SELECT c.state, c.failure_kind FROM commands c
        WHERE c.run_id = $5 AND c.type = 'turn' AND c.finished_at IS NOT NULL ORDER BY c.finished_at DESC, c.seq DESC LIMIT 1) turn
      WHERE turn.state = $12 AND turn.failure_kind IS NOT DISTINCT FROM $13)`;

/**
 * `$8`: whether `$9` and `$10` are to be written. News is what a reader has not been told yet: the end of a turn, and that of a run where
 * it says more than its last turn's. Activity moves the expiry on.
 */
const PROJECT_SESSION = `UPDATE sessions SET
    execution_state = $2, active_run_id = $3, active_command_id = $4, last_run_id = $5,
    last_command_id = coalesce($6, last_command_id), thread_id = coalesce($7, thread_id),
    terminal_status = CASE WHEN $8 THEN $9 ELSE terminal_status END,
    failure_kind = CASE WHEN $8 THEN $10 ELSE failure_kind END,
    news = news + CASE WHEN ${TURN_ENDED} OR (${RUN_ENDED_OTHERWISE}) THEN 1 ELSE 0 END, last_activity_at = now(), updated_at = now(),
    expires_at = greatest(expires_at, now() + ttl_ms * interval '1 ms')
  WHERE id = $1`;

/**
 * Within the projection's transaction. A session's runs come one after another, and each writes its last snapshot before the next
 * begins: so the session follows whichever snapshot is written.
 */
export async function projectSession(transaction: Queryable, sessionId: string, snapshot: RunSnapshot): Promise<void> {
  const { runId, status, activeTurn, terminalStatus, threadId, lastCommandSeq } = snapshot;
  const openTurn = activeTurn ? (activeTurn.taken ? 'taken' : 'waiting') : 'none';
  const turn = endedTurn(snapshot);
  const outcome = sessionOutcome(snapshot, turn);
  await transaction.query(PROJECT_SESSION, [
    sessionId,
    sessionExecutionState({ status, openTurn, begun: activeTurn !== undefined && lastCommandSeq > 0 }),
    terminalStatus === null ? runId : null,
    activeTurn?.commandId ?? null,
    runId,
    snapshot.commands.find((command) => command.seq === lastCommandSeq)?.id ?? null,
    threadId,
    outcome !== undefined,
    outcome?.terminalStatus ?? null,
    outcome?.failureKind ?? null,
    endedTurns(snapshot).map(({ id }) => id),
    terminalStatus,
    snapshot.failureKind,
  ]);
}

interface SessionOutcome {
  readonly terminalStatus: TerminalStatus | null;
  readonly failureKind: FailureKind | null;
}

/** How the session's newest work ended: nothing has, while a turn is open. Undefined where it stays as it was. */
function sessionOutcome(snapshot: RunSnapshot, turn: SessionOutcome | undefined): SessionOutcome | undefined {
  if (snapshot.terminalStatus !== null) return snapshot;
  return snapshot.activeTurn ? { terminalStatus: null, failureKind: null } : turn;
}

function endedTurns({ commands }: RunSnapshot) {
  return commands.filter(({ type, state }) => type === 'turn' && isTerminalStatus(state));
}

function endedTurn(snapshot: RunSnapshot): SessionOutcome | undefined {
  const turn = endedTurns(snapshot).at(-1);
  if (turn === undefined || !isTerminalStatus(turn.state)) return undefined;
  return { terminalStatus: turn.state, failureKind: turn.failureKind };
}
