import type { RunnerRetentionReport } from '../../contract/runner.js';
import type { Principal } from '../../domain/principal.js';
import { requireInstallation } from '../access.js';
import type { OperationContext } from '../context.js';

/** One cycle of the retention, now. @throws forbidden for an operator of some tenants. */
export async function askRetention(
  context: OperationContext,
  principal: Principal,
  { dryRun = false }: { dryRun?: boolean },
): Promise<RunnerRetentionReport> {
  requireInstallation(principal);
  return context.runnerGateway.retain({ dryRun });
}
