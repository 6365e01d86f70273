import { forgetScheduleDraft } from '../src/operations/schedules/read-schedules.js';
import { forgetWebhook } from '../src/operations/webhooks/read-webhooks.js';
import { Housekeeping } from './housekeeping.js';
import type { ActivityPorts } from './ports.js';

/** A draft this old was never opened: its caller got an error or no answer, and has not repeated the request. */
const STALE_DRAFT_MS = 24 * 3_600_000;
const HOUR_MS = 3_600_000;
/** At most this many of a kind in one pass; the next pass takes the rest. */
const BATCH = 1_000;

type Records = Parameters<typeof forgetWebhook>[0] & Parameters<typeof forgetScheduleDraft>[0];
type Ports = Pick<ActivityPorts, 'maintenance' | 'retention' | 'runs' | 'platform' | 'log'> & {
  readonly operations: Records;
};

export function createMaintenanceActivities(ports: Ports) {
  const { maintenance, retention, runs, operations, platform, log } = ports;
  return {
    /** @throws at its end, where a part of it failed; the others were done. */
    async maintainRecords(): Promise<void> {
      const pass = new Housekeeping(ports);
      const olderThanMs = retention.workspaceRetentionHours * HOUR_MS;
      const drafts = async () => maintenance.listStaleDrafts(STALE_DRAFT_MS, BATCH);
      const ended = async () => maintenance.listRunsToRelease(olderThanMs, BATCH);
      const endedJobs = async () => platform.listEnded({ olderThanMs });
      // Webhooks that were never made whole, or whose deletion was cut off: their secrets must not stay.
      const webhooks = async () => operations.webhooks.listLeftovers(STALE_DRAFT_MS, BATCH);
      // Schedules that were never made whole: Temporal may have them.
      const schedules = async () => operations.schedules.listStaleDrafts(STALE_DRAFT_MS, BATCH);
      const done = {
        ...(await pass.part('records', async () => maintenance.maintain(retention, pass.part))),
        staleDrafts: await pass.each('drafts of runs', drafts, async ({ runId }) => runs.dropRunDraft(runId)),
        volumesReleased: await pass.each('volumes', ended, async (runId) => release(ports, runId)),
        jobsForgotten: await pass.each('Jobs', endedJobs, async (jobName) => platform.forget(jobName)),
        forgotten: {
          webhooks: await pass.each('webhooks', webhooks, async (id) => forgetWebhook(operations, id)),
          schedules: await pass.each('schedules', schedules, async (id) => forgetScheduleDraft(operations, id)),
        },
      };
      log('records maintained', done);
      pass.conclude();
    },
  };
}

/** A run's volume goes before it is marked, so that one whose deletion fails is tried again. */
async function release({ maintenance, runs, platform }: Ports, runId: string): Promise<void> {
  await platform.volumes.delete(await runs.volumeName(runId));
  await maintenance.markVolumeReleased(runId);
}
