import { Type } from 'typebox';
import type { AgentRun } from '../../client/agent-run.js';
import { Outage, pause } from '../../client/outage.js';
import { CommandId, RunId, SessionId } from '../../contract/common.js';
import type { SessionSummary } from '../../contract/session.js';
import { isWorking, sessionView, SessionView, turnOf, type TurnPlace } from '../session-view.js';
import { defineTool, READS } from '../tool.js';
import { OUTAGE_MS, WaitMs, within } from '../waiting.js';

const POLL_MS = 500;

export const waitForSession = defineTool({
  name: 'wait_for_session',
  title: 'Wait for a session',
  description:
    'Waits until a session has done what it was told and answers the `reply` of its newest turn. Give `runId` and `commandId` of send_to_session to wait for just that, so that nothing said is overlooked. ' +
    'When `timeoutMs` is over first, `timedOut` is true and `diagnosis` says where it is: call again to wait on.',
  hints: READS,
  input: Type.Object(
    {
      sessionId: SessionId,
      runId: Type.Optional(RunId),
      commandId: Type.Optional(CommandId),
      timeoutMs: WaitMs,
    },
    { additionalProperties: false, dependentRequired: { runId: ['commandId'], commandId: ['runId'] } },
  ),
  output: Type.Object({ ...SessionView.properties, timedOut: Type.Boolean() }),
  async run({ sessionId, runId, commandId, timeoutMs }, call) {
    const { agentrun } = call;
    const said = runId === undefined || commandId === undefined ? undefined : { runId, commandId };
    const ended = await within(call, timeoutMs, (signal, tell) =>
      untilOver(agentrun, { sessionId, said, signal, tell }),
    );
    const session = ended ?? (await agentrun.sessions.get(sessionId));
    const view = await sessionView(agentrun, session, said);
    return { ...view, timedOut: ended === undefined };
  },
});

interface Waiting {
  readonly sessionId: string;
  readonly said: TurnPlace | undefined;
  readonly signal: AbortSignal;
  readonly tell: (message: string) => void;
}

/**
 * The session, once what was said to it is over, or nothing works in it where nothing was named. A manager that restarts meanwhile is
 * waited for.
 */
async function untilOver(agentrun: AgentRun, { sessionId, said, signal, tell }: Waiting): Promise<SessionSummary> {
  const outage = new Outage({ outageMs: OUTAGE_MS });
  for (;;) {
    try {
      const isOver = said && (await isSaid(agentrun, said));
      const session = await agentrun.sessions.get(sessionId);
      outage.connected();
      outage.heard();
      if (isOver ?? !isWorking(session)) return session;
      tell(wordsOf(session));
      signal.throwIfAborted();
      await pause(POLL_MS, signal);
    } catch (error) {
      signal.throwIfAborted();
      await pause(outage.retryIn(error), signal);
    }
  }
}

/** A steer is over with its turn, and only when it is delivered or too late is it known which that is. */
async function isSaid(agentrun: AgentRun, { runId, commandId }: TurnPlace): Promise<boolean> {
  const hasEnded = async (id: string) => (await agentrun.runs.result(runId, id)).terminalStatus !== null;
  if (!(await hasEnded(commandId))) return false;
  const turnId = await turnOf(agentrun, { runId, commandId });
  return turnId === commandId || hasEnded(turnId);
}

function wordsOf({ executionState, supervisor }: SessionSummary): string {
  if ('message' in supervisor) return executionState;
  return [executionState, supervisor.lastActivity?.summary].filter(Boolean).join(': ');
}
