import { setTimeout as delay } from 'node:timers/promises';
import { processesOfJob } from '../../support/live-runner.js';
import { readLedgers, type LedgerLine } from '../checker/ledger.js';
import type { Round } from './round.js';

/** A Job of the round that works. */
export interface Victim {
  readonly jobName: string;
  readonly runId: string;
  readonly attempt: number;
}

/** Waits until agents of so many Jobs are at work in a turn of theirs, others than some; answers those Jobs. */
export async function untilAtWork(
  round: Round,
  jobs: number,
  others: ReadonlySet<string> = new Set(),
  timeoutMs = 60_000,
): Promise<Victim[]> {
  for (const giveUpAt = Date.now() + timeoutMs; ;) {
    const working = atWork((await readLedgers(round)).filter(({ operation }) => round.owns(operation)));
    const victims = (await liveJobs(round)).filter(({ jobName }) => working.has(jobName) && !others.has(jobName));
    if (victims.length >= jobs) return victims;
    if (Date.now() > giveUpAt) throw new Error(`not ${jobs} agents at work within ${timeoutMs} ms`);
    await delay(50);
  }
}

/** Jobs whose agent has begun something and not ended it. */
function atWork(lines: readonly LedgerLine[]): Set<string> {
  const working = new Set<string>();
  for (const { jobName, what } of lines) {
    if (what === 'begin') working.add(jobName);
    if (what === 'end') working.delete(jobName);
  }
  return working;
}

async function liveJobs({ system, beganAt }: Round): Promise<Victim[]> {
  const jobs = await system.query<{ job_name: string; run_id: string; attempt: number }>(
    `SELECT j.job_name, j.run_id, j.attempt FROM runner_jobs j JOIN runs r ON r.id = j.run_id AND r.attempt = j.attempt
     WHERE j.created_at >= $1 AND r.status = 'running' ORDER BY j.id`,
    [beganAt],
  );
  const views = jobs.map((job) => ({ jobName: job.job_name, runId: job.run_id, attempt: job.attempt }));
  return views.filter(({ jobName }) => processesOfJob(jobName).length > 0);
}
