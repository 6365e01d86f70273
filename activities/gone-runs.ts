import type { RunRecord } from '../src/contract/run.js';
import type { RunnerJobRecord } from '../src/contract/runner.js';
import { isTerminalStatus } from '../src/domain/outcome.js';
import { isJobOver, unknownJob } from '../src/domain/runner-job-status.js';
import { closeGoneRun } from '../src/operations/runs/close-gone-run.js';
import { isUnreachable } from './housekeeping.js';
import type { ActivityPorts } from './ports.js';

export type GoneRunPorts = Pick<ActivityPorts, 'runs' | 'jobs' | 'platform' | 'operations' | 'log'>;

/** So many workflows are asked for at once. */
const AT_ONCE = 20;
const PAGE = 500;
/** So many runs do not lose their workflows by chance. */
const MANY = 10;
/** What a runner is given to stop its agent. */
const STOP_GRACE_MS = 5_000;

/**
 * Ends the runs without an end whose workflow is gone, and stops what works for them: a runner goes on renewing its lease, which Temporal
 * has no part in. Answers how many.
 */
export async function closeGoneRuns(ports: GoneRunPorts): Promise<number> {
  const { open, gone } = await findGone(ports);
  if (await isAnotherTemporal(ports, open, gone)) return 0;
  return (await those(gone, async (run) => closeIfGone(ports, run).catch(notYet(ports, run)))).length;
}

async function findGone({ runs, operations }: GoneRunPorts): Promise<{ open: number; gone: RunRecord[] }> {
  const gone: RunRecord[] = [];
  let open = 0;
  let cursor: string | undefined;
  do {
    const page = await runs.listRuns({ tenants: 'all', isOpen: true, limit: PAGE, cursor });
    open += page.items.length;
    gone.push(...(await those(page.items, async (run) => !(await operations.gateway.isLive(run, run.id)))));
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return { open, gone };
}

/**
 * Most of the runs gone at once, and no workflow of theirs was ever there: that is a wrong address or namespace, or a server that lost its
 * data. Nothing is ended for it; workflows that were ended by somebody are known as such.
 */
async function isAnotherTemporal({ operations, log }: GoneRunPorts, open: number, gone: RunRecord[]): Promise<boolean> {
  if (gone.length < MANY || gone.length <= open / 2) return false;
  const known = await those(gone.slice(0, MANY), async (run) => operations.gateway.isKnown(run));
  if (known.length > 0) return false;
  log('Temporal knows none of most open runs: is it the right one? Nothing was ended', { open, gone: gone.length });
  return true;
}

/**
 * The same for the earlier runs of a session. A further run begins only where the workflow of the one before is closed: one that has no
 * end by then was ended from outside, and its runner may still work in the session's volume. So may that of a run whose end was written for
 * its workflow, where nobody could stop anything. Resolves when none does.
 */
export async function closeEarlierRuns(ports: GoneRunPorts, sessionId: string, runId: string): Promise<void> {
  const { items } = await ports.runs.listRuns({ tenants: 'all', sessionId, isOpen: true, limit: PAGE });
  const earlier = items.filter(({ id }) => id !== runId);
  await those(earlier, async (run) => closeIfGone(ports, run));
  const left = await ports.jobs.listLeftBehind({ sessionId, besideRunId: runId });
  await eachFew(left, async (job) => stopLeftBehind(ports, job));
}

/**
 * Stops the Job of a run that ended a while ago: where its end was written for a workflow that is gone, nobody may have stopped it. While the
 * workflow lives, that is its own to do, and may take as long as the run's policy says.
 */
export async function stopOverdue(ports: GoneRunPorts, job: RunnerJobRecord): Promise<void> {
  const run = await ports.runs.getRun(job.runId, 'all');
  if (run === undefined || (await ports.operations.gateway.isLive(run, run.id))) return;
  await stopLeftBehind(ports, job);
}

async function stopLeftBehind(ports: GoneRunPorts, job: RunnerJobRecord): Promise<void> {
  await stopJob(ports, job);
  ports.log('stopped a runner Job that an ended run had left', { runId: job.runId, jobName: job.jobName });
}

/** Those for which it is so; a few are asked about at once. */
async function those(runs: readonly RunRecord[], isSo: (run: RunRecord) => Promise<boolean>): Promise<RunRecord[]> {
  const answers = await eachFew(runs, isSo);
  return runs.filter((_, index) => answers[index]);
}

/** A few at once; in their order. */
async function eachFew<T, A>(items: readonly T[], work: (item: T) => Promise<A>): Promise<A[]> {
  const answers: A[] = [];
  for (let from = 0; from < items.length; from += AT_ONCE) {
    answers.push(...(await Promise.all(items.slice(from, from + AT_ONCE).map(work))));
  }
  return answers;
}

/**
 * Ends a run without an end whose workflow is gone; answers whether it did. Ended last: one that is ended is not found again, and what could
 * not be stopped would work on.
 */
export async function closeIfGone(ports: GoneRunPorts, { id: runId, workflowId }: RunRecord): Promise<boolean> {
  if (await ports.operations.gateway.isLive({ workflowId }, runId)) return false;
  // A workflow that closed by itself has written its run's end before.
  const now = await ports.runs.getRun(runId, 'all');
  if (now === undefined || isTerminalStatus(now.status)) return false;
  for (const job of await ports.jobs.list({ runId })) if (!isJobOver(job)) await stopJob(ports, job);
  await closeGoneRun(ports.operations, runId);
  ports.log('closed a run whose workflow is gone', { runId, workflowId });
  return true;
}

/** One that the platform does not know has an end from then on as well, or it would be asked for again and again. */
async function stopJob({ jobs, platform }: GoneRunPorts, job: RunnerJobRecord): Promise<void> {
  const view = await platform.stop(job.jobName, { graceMs: STOP_GRACE_MS });
  await jobs.observe(view ?? unknownJob(job));
}

/** What the platform cannot stop now is tried again with the next pass, and holds up no other run; what else is away is away for all. */
function notYet({ log }: GoneRunPorts, { id: runId }: RunRecord) {
  return (error: unknown): false => {
    if (isUnreachable(error)) throw error;
    log('a run whose workflow is gone could not be closed yet', { runId, error: String(error) });
    return false;
  };
}
