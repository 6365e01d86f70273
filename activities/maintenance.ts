import type { ActivityPorts } from './ports.js';

/** A draft this old was never opened: its caller got an error or no answer, and has not repeated the request. */
const STALE_DRAFT_MS = 24 * 3_600_000;

type Ports = Pick<ActivityPorts, 'maintenance' | 'retention' | 'runs' | 'log'>;

export function createMaintenanceActivities({ maintenance, retention, runs, log }: Ports) {
  return {
    async maintainRecords(): Promise<void> {
      const done = await maintenance.maintain(retention);
      const stale = await maintenance.listStaleDrafts(STALE_DRAFT_MS, 1_000);
      for (const draft of stale) await runs.dropRunDraft(draft.runId);
      log('records maintained', { ...done, staleDrafts: stale.length });
    },
  };
}
