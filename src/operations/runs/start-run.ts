import type { CommandRecord } from '../../contract/command.js';
import type { RunRecord } from '../../contract/run.js';
import type { RunnerJobRecord } from '../../contract/runner.js';
import { firstCommandId, runnerJobId } from '../../domain/ids.js';
import type { Principal } from '../../domain/principal.js';
import type { OperationContext } from '../context.js';
import { makeRun, type NewRun, type Opening } from './open-run.js';

export interface StartedRun {
  readonly run: RunRecord;
  readonly command: CommandRecord;
  /** Null where none was asked for. */
  readonly runnerJob: RunnerJobRecord | null;
}

/**
 * Makes a run with its first turn and the runner Job for it, in one decision: a crash leaves no run that waits for something
 * nobody will send. Answers the same again for the same reservation. Throws as `makeRun` does.
 */
export async function startRun(
  context: OperationContext,
  principal: Principal,
  request: NewRun & { readonly opening: Opening },
): Promise<StartedRun> {
  const run = await makeRun(context, principal, request);
  const [command, runnerJob] = await Promise.all([
    context.runs.getCommand(firstCommandId(run.id), 'all'),
    context.jobs.get(runnerJobId(run.id, 1)),
  ]);
  if (command === undefined) throw new Error(`run ${run.id} was opened without its first turn`);
  return { run, command, runnerJob: runnerJob ?? null };
}
