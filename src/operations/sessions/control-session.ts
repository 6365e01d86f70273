import { DEFAULT_READER } from '../../contract/session.js';
import type { SessionControl, SessionControlled, SessionRecord } from '../../contract/session.js';
import { conflict } from '../../domain/errors.js';
import type { Principal } from '../../domain/principal.js';
import type { OperationContext } from '../context.js';
import { cancelCommand } from '../runs/end-command.js';
import { cancelRun } from '../runs/end-run.js';
import { requireSession } from './read-session.js';

/** The reader has seen all that there is now. */
export async function readSession(
  context: OperationContext,
  principal: Principal,
  sessionId: string,
  readerId?: string,
): Promise<SessionControlled> {
  return marked(context, principal, { sessionId, readerId, as: 'read' });
}

/** The reader wants to come back to it. */
export async function unreadSession(
  context: OperationContext,
  principal: Principal,
  sessionId: string,
  readerId?: string,
): Promise<SessionControlled> {
  return marked(context, principal, { sessionId, readerId, as: 'unread' });
}

async function marked(
  context: OperationContext,
  principal: Principal,
  { sessionId, readerId = DEFAULT_READER, as }: { sessionId: string; readerId?: string; as: 'read' | 'unread' },
): Promise<SessionControlled> {
  await requireSession(context, principal, sessionId);
  if (as === 'read') await context.sessions.markRead(sessionId, readerId);
  else await context.sessions.markUnread(sessionId, readerId);
  const session = await requireSession(context, principal, sessionId, readerId);
  return controlled(`session-${as}`, session, { runId: session.activeRunId, commandId: session.activeCommandId });
}

/** Takes the active command, else the active run. @throws conflict where neither is. */
export async function controlSession(
  context: OperationContext,
  principal: Principal,
  sessionId: string,
  { action, readerId = DEFAULT_READER, reason }: SessionControl,
): Promise<SessionControlled> {
  if (action === 'read') return readSession(context, principal, sessionId, readerId);
  const { activeRunId: runId, activeCommandId: commandId } = await requireSession(context, principal, sessionId);
  if (runId === null) throw conflict('the session has no active run', { sessionId });
  if (commandId === null) await cancelRun(context, principal, runId, { reason });
  else await cancelCommand(context, principal, commandId, { reason });
  const session = await requireSession(context, principal, sessionId, readerId);
  const cancelled = commandId === null ? 'run' : 'command';
  return { ...controlled('session-cancel', session, { runId, commandId }), cancelled };
}

function controlled(
  action: SessionControlled['action'],
  session: SessionRecord,
  about: Pick<SessionControlled, 'runId' | 'commandId'>,
): SessionControlled {
  return { action, sessionId: session.sessionId, ...about, session, valuesPrinted: false };
}
