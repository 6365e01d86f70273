import { Type } from 'typebox';
import { CommandId, Nullable, RunId, SessionId } from '../../contract/common.js';
import { SessionControl } from '../../contract/session.js';
import { defineTool, ENDS_WORK } from '../tool.js';

export const cancelSession = defineTool({
  name: 'cancel_session',
  title: 'Stop what a session does',
  description:
    'Stops the turn that a session works on, or its run where there is none. What it knows stays: send_to_session goes on with it.',
  hints: ENDS_WORK,
  input: Type.Object(
    { sessionId: SessionId, reason: SessionControl.properties.reason },
    { additionalProperties: false },
  ),
  output: Type.Object({
    sessionId: SessionId,
    cancelled: Type.Optional(Type.Enum(['command', 'run'] as const)),
    runId: Nullable(RunId),
    commandId: Nullable(CommandId),
  }),
  async run({ sessionId, reason }, { agentrun }) {
    const { cancelled, runId, commandId } = await agentrun.sessions.control(sessionId, { action: 'cancel', reason });
    return { sessionId, ...(cancelled !== undefined && { cancelled }), runId, commandId };
  },
});
