import { forgetScheduleDraft } from '../src/operations/schedules/read-schedules.js';
import { forgetWebhook } from '../src/operations/webhooks/read-webhooks.js';
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
  const { maintenance, retention, runs, log } = ports;
  return {
    async maintainRecords(): Promise<void> {
      const done = await maintenance.maintain(retention);
      const stale = await maintenance.listStaleDrafts(STALE_DRAFT_MS, BATCH);
      for (const draft of stale) await runs.dropRunDraft(draft.runId);
      const released = await releaseWorkspaces(ports);
      const forgotten = { webhooks: await forgetWebhooks(ports), schedules: await forgetSchedules(ports) };
      log('records maintained', { ...done, staleDrafts: stale.length, ...released, forgotten });
    },
  };
}

/** A run's volume goes before it is marked, so that one whose deletion fails is tried again. */
async function releaseWorkspaces({ maintenance, retention, runs, platform }: Ports) {
  const olderThanMs = retention.workspaceRetentionHours * HOUR_MS;
  const ended = await maintenance.listRunsToRelease(olderThanMs, BATCH);
  for (const runId of ended) {
    await platform.volumes.delete(await runs.volumeName(runId));
    await maintenance.markVolumeReleased(runId);
  }
  const jobs = await platform.prune({ olderThanMs });
  return { volumesReleased: ended.length, jobsForgotten: jobs.length };
}

/** Webhooks that were never made whole, or whose deletion was cut off: their secrets must not stay. */
async function forgetWebhooks({ operations }: Ports): Promise<number> {
  const leftovers = await operations.webhooks.listLeftovers(STALE_DRAFT_MS, BATCH);
  for (const webhookId of leftovers) await forgetWebhook(operations, webhookId);
  return leftovers.length;
}

/** Schedules that were never made whole: Temporal may have them. */
async function forgetSchedules({ operations }: Ports): Promise<number> {
  const drafts = await operations.schedules.listStaleDrafts(STALE_DRAFT_MS, BATCH);
  for (const scheduleId of drafts) await forgetScheduleDraft(operations, scheduleId);
  return drafts.length;
}
