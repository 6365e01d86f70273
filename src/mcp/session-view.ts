import { Type, type Static } from 'typebox';
import type { AgentRun } from '../client/agent-run.js';
import type { CommandRecord } from '../contract/command.js';
import { CommandId, Nullable, RunId } from '../contract/common.js';
import { RunResult } from '../contract/result.js';
import { SessionRecord, type SessionSummary } from '../contract/session.js';
import { cutText } from './cut-text.js';

const REPLY_CHARS = 16_000;
/** So far back a steer's turn is looked for among the commands of its run. */
const STEERS = 100;

const { sessionId, executionState, attentionState, failureKind } = SessionRecord.properties;

/** Where a session is, and what its newest turn, or the one that was asked for, came to. */
export const SessionView = Type.Object({
  sessionId,
  executionState,
  attentionState,
  /** Null where it never had a run. */
  runId: Nullable(RunId),
  commandId: Nullable(CommandId),
  terminalStatus: RunResult.properties.terminalStatus,
  failureKind,
  reply: Nullable(Type.String()),
  diagnosis: Type.String(),
});
export type SessionView = Static<typeof SessionView>;

export interface TurnPlace {
  readonly runId: string;
  readonly commandId: string;
}

/** Something works in it, or is about to. */
export function isWorking({ executionState }: Pick<SessionSummary, 'executionState'>): boolean {
  return executionState === 'pending' || executionState === 'running';
}

/** `said` is the turn or the steer that is asked for; the newest one when absent. */
export async function sessionView(agentrun: AgentRun, session: SessionSummary, said?: TurnPlace): Promise<SessionView> {
  const { sessionId, executionState, attentionState } = session;
  const runId = said?.runId ?? session.activeRunId ?? session.lastRunId;
  const commandId = said?.commandId ?? session.activeCommandId ?? session.lastCommandId;
  const where = { sessionId, executionState, attentionState, runId };
  if (runId === null || commandId === null) {
    const diagnosis = 'Nothing was said to it yet: send_to_session begins its first turn.';
    return { ...where, commandId, terminalStatus: null, failureKind: null, reply: null, diagnosis };
  }
  const turnId = await turnOf(agentrun, { runId, commandId });
  const { terminalStatus, failureKind, reply, diagnosis } = await agentrun.runs.result(runId, turnId);
  const shown = reply === null ? null : cutText(reply, REPLY_CHARS, 'read_session');
  return { ...where, commandId: turnId, terminalStatus, failureKind, reply: shown, diagnosis };
}

/** A steer has no reply of its own: the turn that it became, or went into, has. */
export async function turnOf({ http, runs }: AgentRun, { runId, commandId }: TurnPlace): Promise<string> {
  const command = await http.get<CommandRecord>(`/api/v1/runs/${runId}/commands/${commandId}`);
  if (command.type === 'turn') return commandId;
  if (command.supersededBy !== null) return command.supersededBy;
  const { items } = await runs.commands(runId, { afterSeq: Math.max(0, command.seq - STEERS), limit: STEERS });
  const turn = items.findLast(({ type, seq }) => type === 'turn' && seq < command.seq);
  return turn?.id ?? commandId;
}
