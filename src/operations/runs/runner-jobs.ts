import type { Static } from 'typebox';
import type { RunRecord } from '../../contract/run.js';
import type { RunnerJobList, RunnerJobRecord } from '../../contract/runner.js';
import { missing } from '../../domain/errors.js';
import type { Principal } from '../../domain/principal.js';
import { isJobOver } from '../../domain/runner-job-status.js';
import type { RunFacts } from '../../run-result/run-facts.js';
import { livenessPhase } from '../../run-result/liveness-phase.js';
import { requireRun } from '../access.js';
import type { OperationContext } from '../context.js';
import { readJobFacts } from './read-run-facts.js';

/** The Jobs of a run, of one command where given, each joined with what the run says of its attempt. */
export async function listRunnerJobs(
  context: OperationContext,
  principal: Principal,
  query: { runId: string; commandId?: string },
): Promise<Static<typeof RunnerJobList>> {
  const run = await requireRun(context, principal, query.runId);
  const [facts, jobs] = await Promise.all([readJobFacts(context, run), context.jobs.list(query)]);
  const items = jobs.map((job) => joined(facts, job));
  return { items, count: items.length, lastSeq: facts.lastSeq };
}

export async function getRunnerJob(
  context: OperationContext,
  principal: Principal,
  runId: string,
  jobId: string,
): Promise<RunnerJobRecord> {
  const run = await requireRun(context, principal, runId);
  const job = await context.jobs.get(jobId);
  if (job?.runId !== runId) throw missing('runnerJob', jobId);
  return joinRunnerJob(context, run, job);
}

/** The Job joined with what the run says of its attempt. */
export async function joinRunnerJob(
  context: OperationContext,
  run: RunRecord,
  job: RunnerJobRecord,
): Promise<RunnerJobRecord> {
  return joined(await readJobFacts(context, run), job);
}

/** The run's events belong to its current attempt; an earlier attempt's Job only says that it was lost. */
function joined(facts: RunFacts, job: RunnerJobRecord): RunnerJobRecord {
  const terminal = isJobOver(job);
  if (job.attempt !== facts.run.attempt) return { ...job, phase: 'attempt-over', terminal };
  const lastEventAt = facts.lastEventAtMs === null ? null : new Date(facts.lastEventAtMs).toISOString();
  return { ...job, phase: livenessPhase(facts), lastEventSeq: facts.lastSeq, lastEventAt, terminal };
}
