import type { RunnerRetentionReport } from '../contract/runner.js';

/** The way to what Temporal does about runners beside their runs. @throws unavailable('temporal') within about 1.5 s when Temporal is down. */
export interface RunnerGateway {
  /** One cycle of the retention, or the one that is under way. A dry run is a cycle of its own. */
  retain(options: { dryRun: boolean }): Promise<RunnerRetentionReport>;
}
