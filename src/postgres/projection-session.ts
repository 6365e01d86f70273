import type { FailureKind } from '../domain/failure-kinds.js';
import { isTerminalStatus, type TerminalStatus } from '../domain/outcome.js';
import type { CommandSnapshot, RunSnapshot } from '../domain/run-snapshot.js';
import { sessionExecutionState } from '../domain/session-state.js';

/**
 * What a snapshot makes of its run's session, by the names that `project_session` reads; whether that is news, the rows know. It holds what
 * the whole snapshot carries, also what was written before: saying that again changes nothing.
 */
export function sessionJson(snapshot: RunSnapshot): object {
  const { runId, status, activeTurn, terminalStatus, lastCommandSeq } = snapshot;
  const openTurn = activeTurn ? (activeTurn.taken ? 'taken' : 'waiting') : 'none';
  const ended = endedTurns(snapshot);
  const outcome = sessionOutcome(snapshot, ended.at(-1));
  return {
    execution_state: sessionExecutionState({ status, openTurn, begun: activeTurn !== undefined && lastCommandSeq > 0 }),
    active_run_id: terminalStatus === null ? runId : null,
    active_command_id: activeTurn?.commandId,
    last_command_id: snapshot.commands.find((command) => command.seq === lastCommandSeq)?.id,
    thread_id: snapshot.threadId,
    has_outcome: outcome !== undefined,
    terminal_status: outcome?.terminalStatus,
    failure_kind: outcome?.failureKind,
    ended_turns: ended.map(({ id }) => id),
    run_terminal_status: terminalStatus,
    run_failure_kind: snapshot.failureKind,
  };
}

interface SessionOutcome {
  readonly terminalStatus: TerminalStatus | null;
  readonly failureKind: FailureKind | null;
}

/** How the session's newest work ended: nothing has, while a turn is open. Undefined where it stays as it was. */
function sessionOutcome(snapshot: RunSnapshot, turn: CommandSnapshot | undefined): SessionOutcome | undefined {
  if (snapshot.terminalStatus !== null) return snapshot;
  if (snapshot.activeTurn) return { terminalStatus: null, failureKind: null };
  return turn && { terminalStatus: turn.state as TerminalStatus, failureKind: turn.failureKind };
}

function endedTurns({ commands }: RunSnapshot): CommandSnapshot[] {
  return commands.filter(({ type, state }) => type === 'turn' && isTerminalStatus(state));
}
