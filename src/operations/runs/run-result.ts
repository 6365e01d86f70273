import type { RunResult } from '../../contract/result.js';
import type { Principal } from '../../domain/principal.js';
import { buildRunResult } from '../../run-result/build-run-result.js';
import { requireCommandOfRun, requireRun } from '../access.js';
import type { OperationContext } from '../context.js';
import { readRunFacts } from './read-run-facts.js';

/** What came of a run, or of one of its commands, and what to do next. */
export async function runResult(
  context: OperationContext,
  principal: Principal,
  runId: string,
  commandId?: string,
): Promise<RunResult> {
  if (commandId === undefined) {
    const run = await requireRun(context, principal, runId);
    return buildRunResult(await readRunFacts(context, run));
  }
  const { run, command } = await requireCommandOfRun(context, principal, runId, commandId);
  return buildRunResult(await readRunFacts(context, run, command));
}
