import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { runVolumeName } from '../../../src/domain/volume-names.js';
import { processesOfJob } from '../../support/live-runner.js';
import type { Round } from '../harness/round.js';
import type { Complaints } from './complaints.js';
import { openWorkflows } from './check-workflows.js';

/** Runs end a little after their last turn, and their workflows when their Jobs are gone. */
const QUIET_MS = 45_000;

/** Waits until all that the round began has ended; answers what has not. */
export async function untilQuiet(round: Round): Promise<Complaints> {
  for (const giveUpAt = Date.now() + QUIET_MS; ;) {
    const going = await whatGoesOn(round).catch((error: unknown) => [String(error)]);
    if (going.length === 0) return [];
    if (Date.now() > giveUpAt) return going;
    await delay(100);
  }
}

async function whatGoesOn(round: Round): Promise<Complaints> {
  const { system, beganAt } = round;
  const open = await system.query<{ what: string }>(
    `SELECT 'run ' || id || ' is ' || status AS what FROM runs WHERE created_at >= $1 AND opened_at IS NOT NULL AND terminal_status IS NULL
     UNION ALL SELECT 'task ' || id || ' is ' || phase FROM tasks WHERE created_at >= $1 AND opened_at IS NOT NULL AND phase <> 'ended'
     UNION ALL SELECT 'job ' || job_name || ' is ' || status FROM runner_jobs WHERE created_at >= $1
       AND status IN ('pending', 'starting', 'running') AND run_id IN (SELECT id FROM runs WHERE opened_at IS NOT NULL)`,
    [beganAt],
  );
  if (open.length > 0) return open.map(({ what }) => what);
  return (await openWorkflows(round)).map((workflowId) => `workflow ${workflowId} goes on`);
}

/** No orphan process, Job or volume: volumes stay for as long as their retention says, and each is a run's or a session's of the records. */
export async function checkLeftovers(round: Round): Promise<Complaints> {
  const { system, beganAt } = round;
  const jobs = await system.query<{ job_name: string; run_id: string; status: string }>(
    'SELECT job_name, run_id, status FROM runner_jobs WHERE created_at >= $1',
    [beganAt],
  );
  const living = jobs.flatMap(({ job_name: name }) =>
    processesOfJob(name).map(({ pid }) => `process ${pid} of the Job ${name} is still there`),
  );
  return [...living, ...(await unknownJobs(round)), ...(await unknownVolumes(round))];
}

async function unknownJobs({ system }: Round): Promise<Complaints> {
  const known = await system.query<{ job_name: string }>('SELECT job_name FROM runner_jobs');
  const names = new Set(known.map(({ job_name: name }) => name));
  const views = await system.platform.list();
  const unknown = views.filter(({ jobName }) => !names.has(jobName));
  const live = views.filter(({ status }) => status === 'running' || status === 'starting' || status === 'pending');
  return [
    ...unknown.map(({ jobName }) => `the platform has a Job ${jobName} that no record knows`),
    ...live.map(({ jobName, status }) => `the Job ${jobName} is ${status} on the platform`),
  ];
}

async function unknownVolumes({ system }: Round): Promise<Complaints> {
  const runs = await system.query<{ id: string; session_id: string | null }>(
    'SELECT id, session_id FROM runs WHERE opened_at IS NOT NULL',
  );
  const sessions = await system.query<{ id: string }>('SELECT id FROM sessions');
  const known = new Set([
    ...runs.map(({ id, session_id: sessionId }) => runVolumeName({ runId: id, sessionId })),
    ...sessions.map(({ id }) => runVolumeName({ runId: '', sessionId: id })),
  ]);
  const volumes = await readdir(join(system.dataDir, 'volumes'));
  return volumes.filter((name) => !known.has(name)).map((name) => `the volume ${name} is nobody's`);
}
