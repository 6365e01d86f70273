import type { ProjectionResult, RunSnapshot } from '../src/domain/run-snapshot.js';
import type { ActivityPorts } from './ports.js';

/** Single statements on our own records; the workflow runs them as local activities. All may be repeated. */
export function createRecordActivities({ runs, leases, events }: Pick<ActivityPorts, 'runs' | 'leases' | 'events'>) {
  return {
    async projectRun(snapshot: RunSnapshot): Promise<ProjectionResult> {
      return runs.projectRun(snapshot);
    },

    /** False when the attempt is over in the database. */
    async grantLease(lease: { runId: string; attempt: number; runnerId: string; leaseMs: number }): Promise<boolean> {
      return (await leases.grant(lease)) !== undefined;
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
