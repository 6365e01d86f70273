import { Type, type Static } from 'typebox';
import type { AgentRun } from '../../client/agent-run.js';
import { ApiError } from '../../client/http-client.js';
import { CommandId, Name, Nullable, RunId, SessionId } from '../../contract/common.js';
import { SessionSend, type RunBase, type SessionSent } from '../../contract/session-send.js';
import { WorkspaceRef } from '../../contract/run.js';
import { defineTool, STARTS_WORK } from '../tool.js';

/** A send waits for the end of a run that is being cancelled. */
const SEND_MS = 60_000;

const Input = Type.Object(
  {
    sessionId: Type.String({ ...SessionId, description: 'An existing session, or a name of your own for a new one.' }),
    prompt: Type.String({ minLength: 1, description: 'What to say.' }),
    backendProfile: Type.Optional(
      Type.String({
        ...Name,
        description: "Which agent, where a new run begins: as before, else 'codex', when absent.",
      }),
    ),
    workspaceRef: Type.Optional(
      Nullable({ ...WorkspaceRef, description: 'Where a new run works; as before when absent.' }),
    ),
    tenantId: Type.Optional(Type.String({ ...Name, description: "Of a new session; 'default' when absent." })),
    projectId: Type.Optional(Type.String({ ...Name, description: "Of a new session; 'default' when absent." })),
    idempotencyKey: SessionSend.properties.idempotencyKey,
  },
  { additionalProperties: false },
);
type Send = Static<typeof Input>;

export const sendToSession = defineTool({
  name: 'send_to_session',
  title: 'Say something to a session',
  description:
    'Says something to the agent of a session, a conversation that outlives its runs. While the agent works it goes into its turn (`decision` steer), else it is its next turn; an unknown sessionId begins a session. ' +
    'Answers at once: give `sessionId`, `runId` and `commandId` to wait_for_session for the reply.',
  hints: STARTS_WORK,
  input: Input,
  output: Type.Object({
    sessionId: SessionId,
    decision: Type.Enum(['steer', 'turn'] as const),
    runId: RunId,
    commandId: CommandId,
    /** The turn that a steer went into. */
    steeredCommandId: Nullable(CommandId),
  }),
  async run(args, { agentrun, signal }) {
    await makeIfNew(agentrun, args);
    const { sessionId, prompt, idempotencyKey } = args;
    const path = `/api/v1/sessions/${encodeURIComponent(sessionId)}/send`;
    const body = { prompt, idempotencyKey, run: newRunOf(args) };
    const sent = await agentrun.http.post<SessionSent>(path, body, { timeoutMs: SEND_MS, signal });
    const { decision, run, command, activeBefore } = sent;
    const steeredCommandId = decision === 'steer' ? (activeBefore?.commandId ?? null) : null;
    return { sessionId, decision, runId: run.id, commandId: command.id, steeredCommandId };
  },
});

/** Before the send, which thereby says the same however often it is repeated. */
async function makeIfNew(agentrun: AgentRun, args: Send): Promise<void> {
  const { sessionId, tenantId = 'default', projectId = 'default', backendProfile } = args;
  try {
    await agentrun.sessions.get(sessionId);
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 404) throw error;
    await agentrun.sessions.create({ sessionId, tenantId, projectId, backendProfile });
  }
}

function newRunOf({ tenantId, projectId, backendProfile, workspaceRef }: Send): RunBase {
  return { tenantId, projectId, backendProfile, workspaceRef };
}
