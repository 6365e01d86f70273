import type { ProjectionResult, RunSnapshot } from '../src/domain/run-snapshot.js';
import type { ActivityPorts } from './ports.js';

/** Single statements on our own records. All may be repeated. */
export function createRecordActivities({ runs, leases, events }: Pick<ActivityPorts, 'runs' | 'leases' | 'events'>) {
  return {
    async projectRun(snapshot: RunSnapshot): Promise<ProjectionResult> {
      return runs.projectRun(snapshot);
    },

    async expireLease({ runId, attempt }: { runId: string; attempt: number }): Promise<{ expired: boolean }> {
      const { expired } = await leases.expire(runId, attempt);
      return { expired };
    },

    async revokeLease({ runId, attempt }: { runId: string; attempt: number }): Promise<void> {
      await leases.revoke(runId, attempt);
    },

    /** How long ago the run's last event was written, in milliseconds; null when there is none. */
    async lastEventAge({ runId }: { runId: string }): Promise<{ silentMs: number | null }> {
      const { atMs } = await events.last(runId);
      return { silentMs: atMs === null ? null : Math.max(0, Date.now() - atMs) };
    },
  };
}
