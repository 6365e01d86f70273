import { setTimeout as delay } from 'node:timers/promises';
import { AgentRunError } from '../src/domain/errors.js';
import { exceededBudget } from '../src/domain/budgets.js';
import { sessionVolumeName } from '../src/domain/volume-names.js';
import type { ExpiredLease } from '../src/ports/lease-store.js';
import type { RunnerJobView } from '../src/ports/runner-platform.js';
import { whileOnShift } from './on-shift.js';
import type { ActivityPorts } from './ports.js';

const SCAN_INTERVAL_MS = 500;
/** A workflow that was told decides soon; telling it again sooner only fills its history. */
const TELL_AGAIN_MS = 15_000;
const SCAN_LIMIT = 500;

/** Agents tell what they used every few seconds. */
const BUDGET_INTERVAL_MS = 1_000;

type Ports = Pick<
  ActivityPorts,
  | 'leases'
  | 'platform'
  | 'jobs'
  | 'warmRunners'
  | 'wakeups'
  | 'runs'
  | 'sessions'
  | 'events'
  | 'budgets'
  | 'signals'
  | 'queueSignals'
  | 'stopping'
  | 'log'
>;

/** Long activities that watch for what no caller tells. They run until their shift ends or their worker stops. */
export function createWatcherActivities(ports: Ports) {
  return {
    /** Tells the workflow of each lease that ran out. The workflow asks the database again before it believes it. */
    async monitorLeases(): Promise<void> {
      const told = new Map<string, number>();
      await againAndAgain(ports, 'lease scan', SCAN_INTERVAL_MS, async () => scanLeases(ports, told));
    },

    /** Tells each task whose attempt passed a cap, of its own or of its tenant. */
    async monitorBudgets(): Promise<void> {
      const told = new Map<string, number>();
      await againAndAgain(ports, 'budget scan', BUDGET_INTERVAL_MS, async () => scanBudgets(ports, told));
    },

    /** Tells the workflow of each runner Job that ended. */
    async watchRunners(): Promise<void> {
      await whileOnShift(ports, async (signal) => {
        const onChange = async (job: RunnerJobView) => reportChange(ports, job);
        await ports.platform.watch(async (job) => reportExit(ports, job), signal, onChange);
      });
    },
  };
}

async function againAndAgain(ports: Ports, what: string, everyMs: number, scan: () => Promise<void>): Promise<void> {
  await whileOnShift(ports, async (signal) => {
    while (!signal.aborted) {
      await scan().catch((error: unknown) => logFailure(ports, `${what} failed`, error));
      await delay(everyMs, undefined, { signal }).catch(() => undefined);
    }
  });
}

async function scanBudgets(ports: Ports, told: Map<string, number>): Promise<void> {
  forgetOld(told);
  for (const task of await ports.budgets.listRunning()) {
    const { taskId, attempt } = task;
    const message = exceededBudget(task);
    const key = `${taskId}/${attempt}`;
    if (message === null || told.has(key)) continue;
    if (await tellBudget(ports, { taskId, attempt, message })) told.set(key, Date.now());
  }
}

/** False where it could not be told: the others are told all the same, and it is tried again. */
async function tellBudget(
  ports: Ports,
  exceeded: Parameters<Ports['queueSignals']['budgetExceeded']>[0],
): Promise<boolean> {
  try {
    await ports.queueSignals.budgetExceeded(exceeded);
    return true;
  } catch (error) {
    logFailure(ports, `telling task ${exceeded.taskId} of its budget failed`, error);
    return false;
  }
}

function forgetOld(told: Map<string, number>): void {
  for (const [key, atMs] of told) if (Date.now() - atMs > TELL_AGAIN_MS) told.delete(key);
}

async function scanLeases(ports: Ports, told: Map<string, number>): Promise<void> {
  const expired = await ports.leases.listExpired(SCAN_LIMIT);
  forgetOld(told);
  await Promise.all(expired.filter((lease) => !told.has(keyOf(lease))).map(async (lease) => tell(ports, lease, told)));
}

async function tell(ports: Ports, lease: ExpiredLease, told: Map<string, number>): Promise<void> {
  const { runId, attempt, workflowId } = lease;
  told.set(keyOf(lease), Date.now());
  try {
    if ((await ports.signals.leaseExpired(workflowId, { runId, attempt })) === 'told') return;
    // A workflow closes only when its run's end is written: this one was ended or lost from outside.
    await ports.runs.closeOrphan(runId, orphanMessage(workflowId));
    ports.log('closed a run whose workflow is gone', { runId, workflowId });
  } catch (error) {
    told.delete(keyOf(lease));
    throw error;
  }
}

/** A volume that waited for its first Pod has a place when that runs. */
async function reportChange({ jobs, runs, sessions, platform }: Ports, job: RunnerJobView): Promise<void> {
  await jobs.observe(job);
  if (job.status !== 'running') return;
  const sessionId = (await runs.getRun(job.runId, 'all'))?.sessionRef?.sessionId;
  if (sessionId === undefined) return;
  const volume = await platform.volumes.describe(sessionVolumeName(sessionId));
  if (volume === undefined) return;
  const { name, phase, quotaBytes = null } = volume;
  await sessions.volumeEnsured(sessionId, { name, phase, quotaBytes, namespace: platform.namespace });
}

async function reportExit(ports: Ports, seen: RunnerJobView): Promise<void> {
  const { runs, jobs, signals } = ports;
  const job = await withRun(ports, seen);
  if (job === undefined) return;
  await jobs.observe(job);
  // Before its attempt is over: from then on nothing is written for it.
  if (job.logTail !== undefined) await keepLogTail(ports, job, job.logTail);
  const run = await runs.getRun(job.runId, 'all');
  if (run === undefined || run.terminalStatus !== null) return;
  const { runId, attempt, exitCode } = job;
  await signals.runnerExited(run.workflowId, { runId, attempt, exitCode, reason: job.reason ?? 'ended' });
}

/**
 * A warm runner that ends before its Job says whose it is: a run's all the same, where it was taken; else nobody's, and its pool is told.
 * What is retired here cannot be taken any more.
 */
async function withRun({ warmRunners, wakeups }: Ports, job: RunnerJobView): Promise<RunnerJobView | undefined> {
  if (job.runId !== '' || job.warmRunnerId === undefined) return job;
  const profile = await warmRunners.retire(job.jobName);
  // Said here: the pool makes another only after a while.
  if (profile !== undefined) await warmRunners.failed(profile, job.message ?? job.reason ?? job.status);
  const run = profile === undefined ? await warmRunners.runOf(job.jobName) : undefined;
  if (run !== undefined) return { ...job, ...run };
  wakeups.notify('warm:pools');
  return undefined;
}

/** The same Job's is kept once, however often its end is told. An attempt that is over already is not worth a retry. */
async function keepLogTail({ events }: Ports, job: RunnerJobView, text: string): Promise<void> {
  const { runId, attempt, jobName, reason, exitCode } = job;
  const payload = { phase: 'runner-log-tail', attempt, jobName, reason, exitCode, text };
  const event = { type: 'backend_status', payload, clientSeq: 1 } as const;
  try {
    await events.append({ runId, fence: { attempt }, producer: `job:${jobName}`, events: [event] });
  } catch (error) {
    if (!(error instanceof AgentRunError) || error.refusal === 'unavailable') throw error;
  }
}

function orphanMessage(workflowId: string): string {
  return `the run's workflow ${workflowId} is gone from Temporal (terminated there, or its data was lost); start the run again`;
}

function keyOf(lease: ExpiredLease): string {
  return `${lease.runId}/${lease.attempt}`;
}

function logFailure({ log }: Ports, message: string, error: unknown): void {
  log(message, { error: error instanceof Error ? error.message : String(error) });
}
