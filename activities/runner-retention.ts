import type { RunnerRetentionReport } from '../src/contract/runner.js';
import { retainRunners } from '../src/operations/runners/retain-runners.js';
import { heartbeating } from './heartbeating.js';
import type { ActivityPorts } from './ports.js';

type Ports = Pick<ActivityPorts, 'platform' | 'leases' | 'events' | 'warmRunners' | 'runnerRetention' | 'log'>;

/** How many runners a namespace keeps. May be repeated. */
export function createRetentionActivities({ platform, leases, events, warmRunners, runnerRetention, log }: Ports) {
  return {
    async retainRunners({ dryRun }: { dryRun: boolean }): Promise<RunnerRetentionReport> {
      const parts = { platform, leases, events, warmRunners, policy: runnerRetention };
      const report = await heartbeating(async () => retainRunners(parts, dryRun));
      const { enabled, matching, active, items } = report;
      if (enabled) log('runners retained', { dryRun, matching, active, deletions: items.length });
      return report;
    },
  };
}
