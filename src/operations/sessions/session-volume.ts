import type { SessionStorage } from '../../contract/session.js';
import { sessionStoreEvicted, missing } from '../../domain/errors.js';
import { sessionVolumeName } from '../../domain/volume-names.js';
import type { OperationContext } from '../context.js';

/** What of a context the session's volume takes; a runner's launch has it too. */
type Context = Pick<OperationContext, 'sessions' | 'volumes' | 'platform'>;

/**
 * The session's volume, made unless it is there. Should its eviction have begun meanwhile, what was made goes again.
 * @throws session-store-evicted
 */
export async function ensureVolume(context: Context, sessionId: string): Promise<SessionStorage> {
  const { volumes, sessions, platform } = context;
  const name = sessionVolumeName(sessionId);
  const { phase, quotaBytes = null } = await volumes.ensure(name);
  const volume = { name, namespace: platform.namespace, phase, quotaBytes };
  const storage = await sessions.volumeEnsured(sessionId, volume);
  if (storage !== undefined) return storage;
  if ((await sessions.readStorage(sessionId)) === undefined) throw missing('session', sessionId);
  await volumes.delete(name);
  throw sessionStoreEvicted(sessionId);
}
