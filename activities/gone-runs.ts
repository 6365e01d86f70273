import type { RunRecord } from '../src/contract/run.js';
import { AgentRunError } from '../src/domain/errors.js';
import { isTerminalStatus } from '../src/domain/outcome.js';
import type { RunnerJobStatus } from '../src/ports/runner-platform.js';
import { closeGoneRun } from '../src/operations/runs/close-gone-run.js';
import type { ActivityPorts } from './ports.js';

export type GoneRunPorts = Pick<ActivityPorts, 'runs' | 'jobs' | 'platform' | 'operations' | 'log'>;

/** So many workflows are asked for at once. */
const AT_ONCE = 20;
const PAGE = 500;
/** What a runner is given to stop its agent. */
const STOP_GRACE_MS = 5_000;
const MAY_WORK: readonly RunnerJobStatus[] = ['pending', 'starting', 'running'];

/**
 * Ends the runs without an end whose workflow is gone, and stops what works for them: a runner goes on renewing its lease, which Temporal
 * has no part in. Answers how many.
 */
export async function closeGoneRuns(ports: GoneRunPorts): Promise<number> {
  let closed = 0;
  for (const status of ['pending', 'claimed', 'running'] as const) {
    let cursor: string | undefined;
    do {
      const page = await ports.runs.listRuns({ tenants: 'all', status, limit: PAGE, cursor });
      closed += await closeThoseGone(page.items, async (run) => closeIfGone(ports, run).catch(notYet(ports, run)));
      cursor = page.nextCursor;
    } while (cursor !== undefined);
  }
  return closed;
}

/**
 * The same for the earlier runs of a session. A further run begins only where the workflow of the one before is closed: one that has no
 * end by then was ended from outside, and its runner may still work in the session's volume. Resolves when it does not.
 */
export async function closeEarlierRuns(ports: GoneRunPorts, sessionId: string, runId: string): Promise<void> {
  const { items } = await ports.runs.listRuns({ tenants: 'all', sessionId, isOpen: true, limit: PAGE });
  const earlier = items.filter(({ id }) => id !== runId);
  await closeThoseGone(earlier, async (run) => closeIfGone(ports, run));
}

async function closeThoseGone(
  runs: readonly RunRecord[],
  closeOne: (run: RunRecord) => Promise<boolean>,
): Promise<number> {
  let closed = 0;
  for (let from = 0; from < runs.length; from += AT_ONCE) {
    const ended = await Promise.all(runs.slice(from, from + AT_ONCE).map(closeOne));
    closed += ended.filter(Boolean).length;
  }
  return closed;
}

/** Ended last: one that is ended is not found again, and what could not be stopped would work on. */
async function closeIfGone(ports: GoneRunPorts, { id: runId, workflowId }: RunRecord): Promise<boolean> {
  if (await ports.operations.gateway.isLive({ workflowId }, runId)) return false;
  // A workflow that closed by itself has written its run's end before.
  const now = await ports.runs.getRun(runId, 'all');
  if (now === undefined || isTerminalStatus(now.status)) return false;
  for (const { jobName, status } of await ports.jobs.list({ runId })) {
    if (!MAY_WORK.includes(status)) continue;
    const view = await ports.platform.stop(jobName, { graceMs: STOP_GRACE_MS });
    if (view !== undefined) await ports.jobs.observe(view);
  }
  await closeGoneRun(ports.operations, runId);
  ports.log('closed a run whose workflow is gone', { runId, workflowId });
  return true;
}

/** What the platform cannot stop now is tried again with the next pass, and holds up no other run; what else is away is away for all. */
function notYet({ log }: GoneRunPorts, { id: runId }: RunRecord) {
  return (error: unknown): false => {
    if (error instanceof AgentRunError && ['temporal', 'database'].includes(String(error.details['part']))) throw error;
    log('a run whose workflow is gone could not be closed yet', { runId, error: String(error) });
    return false;
  };
}
