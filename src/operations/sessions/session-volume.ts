import type { SessionStorage } from '../../contract/session.js';
import { sessionStoreEvicted, missing, type AgentRunError } from '../../domain/errors.js';
import { sessionVolumeName } from '../../domain/volume-names.js';
import type { OperationContext } from '../context.js';

/** What of a context the session's volume takes; a runner's launch has it too. */
type Context = Pick<OperationContext, 'sessions' | 'volumes' | 'platform'>;

/**
 * The session's volume, made unless it is there. It is recorded before it is made: whoever dies between leaves none that nobody collects.
 * Should its eviction have begun meanwhile, what was made goes again.
 * @throws session-store-evicted
 */
export async function ensureVolume(context: Context, sessionId: string): Promise<SessionStorage> {
  const { volumes, sessions, platform } = context;
  const named = { name: sessionVolumeName(sessionId), namespace: platform.namespace };
  if (!(await sessions.expectVolume(sessionId, named))) throw await refusal(context, sessionId);
  const { phase, quotaBytes = null } = await volumes.ensure(named.name);
  const storage = await sessions.volumeEnsured(sessionId, { ...named, phase, quotaBytes });
  if (storage !== undefined) return storage;
  const refused = await refusal(context, sessionId);
  await volumes.delete(named.name);
  throw refused;
}

/** Why a session may have no volume. */
async function refusal({ sessions }: Context, sessionId: string): Promise<AgentRunError> {
  const isThere = (await sessions.readStorage(sessionId)) !== undefined;
  return isThere ? sessionStoreEvicted(sessionId) : missing('session', sessionId);
}
