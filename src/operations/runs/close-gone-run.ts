import { isTerminalStatus } from '../../domain/outcome.js';
import type { OperationContext } from '../context.js';
import { awaitRow } from './await-row.js';
import { WORKFLOW_GONE } from './end-run.js';

/** A run writes its end before its workflow closes; one that did not is ended here, or its commands would stay open for ever. */
export async function closeGoneRun({ runs }: Pick<OperationContext, 'runs'>, runId: string): Promise<void> {
  const read = async () => runs.getRun(runId, 'all');
  const run = await awaitRow(read, (row) => row === undefined || isTerminalStatus(row.status));
  if (run === undefined || isTerminalStatus(run.status)) return;
  await runs.closeOrphan(runId, WORKFLOW_GONE);
}
