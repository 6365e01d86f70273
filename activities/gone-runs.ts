import type { RunRecord } from '../src/contract/run.js';
import { isTerminalStatus } from '../src/domain/outcome.js';
import { closeGoneRun } from '../src/operations/runs/close-gone-run.js';
import type { ActivityPorts } from './ports.js';

export type GoneRunPorts = Pick<ActivityPorts, 'runs' | 'jobs' | 'platform' | 'operations' | 'log'>;

/** So many workflows are asked for at once. */
const AT_ONCE = 20;
const PAGE = 500;
/** What a runner is given to stop its agent. */
const STOP_GRACE_MS = 5_000;

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
      closed += await closeThoseGone(ports, page.items);
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
  const { items } = await ports.runs.listRuns({ tenants: 'all', sessionId, limit: PAGE });
  const open = items.filter(({ id, status }) => id !== runId && !isTerminalStatus(status));
  await closeThoseGone(ports, open);
}

async function closeThoseGone(ports: GoneRunPorts, runs: readonly RunRecord[]): Promise<number> {
  let closed = 0;
  for (let from = 0; from < runs.length; from += AT_ONCE) {
    const ended = await Promise.all(runs.slice(from, from + AT_ONCE).map(async (run) => closeIfGone(ports, run)));
    closed += ended.filter(Boolean).length;
  }
  return closed;
}

async function closeIfGone(ports: GoneRunPorts, { id: runId, workflowId }: RunRecord): Promise<boolean> {
  if (await ports.operations.gateway.isLive({ workflowId }, runId)) return false;
  await closeGoneRun(ports.operations, runId);
  for (const { jobName, status } of await ports.jobs.list({ runId })) {
    if (status !== 'pending' && status !== 'running') continue;
    const view = await ports.platform.stop(jobName, { graceMs: STOP_GRACE_MS });
    if (view !== undefined) await ports.jobs.observe(view);
  }
  ports.log('closed a run whose workflow is gone', { runId, workflowId });
  return true;
}
