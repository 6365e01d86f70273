import { sessionVolumeName } from '../src/domain/volume-names.js';
import type { EvictionVerdict } from '../src/ports/session-store.js';
import { heartbeating } from './heartbeating.js';
import { PlatformPlaces } from './platform-places.js';
import type { ActivityPorts } from './ports.js';

/** At most this many sessions in one cycle of the garbage collection; the next one takes the rest. */
const BATCH = 200;

/** What is done about sessions beside their runs. All may be repeated. */
export function createSessionActivities(
  { sessions, platform }: Pick<ActivityPorts, 'sessions' | 'platform'>,
  places = new PlatformPlaces(),
) {
  return {
    async beginEviction(asked: { sessionId: string; onlyExpired: boolean }): Promise<EvictionVerdict> {
      return sessions.beginEviction(asked.sessionId, { onlyExpired: asked.onlyExpired });
    },

    /** Resolves when the platform no longer knows the volume. */
    async deleteSessionVolume({ sessionId }: { sessionId: string }): Promise<void> {
      const name = sessionVolumeName(sessionId);
      await heartbeating(async () => places.hold(async () => platform.volumes.delete(name)));
      if ((await platform.volumes.describe(name)) !== undefined) throw new Error(`volume ${name} is still there`);
    },

    async endEviction({ sessionId }: { sessionId: string }): Promise<void> {
      await sessions.endEviction(sessionId);
    },

    async listExpiredSessions() {
      const found = await sessions.listExpired(BATCH + 1);
      const items = found.slice(0, BATCH).map(({ sessionId, volumeName, expiresAt }) => ({
        sessionId,
        pvcName: volumeName,
        expiresAt,
      }));
      return { items, more: found.length > BATCH };
    },
  };
}
