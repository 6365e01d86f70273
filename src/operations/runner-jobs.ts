import type { Static } from 'typebox';
import type { RunRecord } from '../contract/run.js';
import type { RunnerJobList, RunnerJobRecord } from '../contract/runner.js';
import { missing } from '../domain/errors.js';
import type { Principal } from '../domain/principal.js';
import { isJobOver, livenessPhase } from '../run-result/liveness-phase.js';
import { requireRun } from './access.js';
import type { OperationContext } from './context.js';
import { readRunFacts } from './read-run-facts.js';

/** The Jobs of a run, of one command where given, each joined with what the run says of its attempt. */
export async function listRunnerJobs(
  context: OperationContext,
  principal: Principal,
  query: { runId: string; commandId?: string },
): Promise<Static<typeof RunnerJobList>> {
  const run = await requireRun(context, principal, query.runId);
  return joinRunnerJobs(context, run, await context.runnerJobs.list(query));
}

export async function getRunnerJob(
  context: OperationContext,
  principal: Principal,
  runId: string,
  jobId: string,
): Promise<RunnerJobRecord> {
  const run = await requireRun(context, principal, runId);
  const job = await context.runnerJobs.get(jobId);
  if (job?.runId !== runId) throw missing('runnerJob', jobId);
  const { items } = await joinRunnerJobs(context, run, [job]);
  return items[0]!;
}

/** The run's events belong to its current attempt; an earlier attempt's Job only says that it was lost. */
export async function joinRunnerJobs(
  context: OperationContext,
  run: RunRecord,
  jobs: readonly RunnerJobRecord[],
): Promise<Static<typeof RunnerJobList>> {
  const facts = await readRunFacts(context, run);
  const phase = livenessPhase(facts);
  const items = jobs.map((job) => {
    const terminal = isJobOver(job);
    if (job.attempt !== run.attempt) return { ...job, phase: 'attempt-over', terminal };
    const lastEventAt = facts.lastEventAtMs === null ? null : new Date(facts.lastEventAtMs).toISOString();
    return { ...job, phase, lastEventSeq: facts.lastSeq, lastEventAt, terminal };
  });
  return { items, count: items.length, lastSeq: facts.lastSeq };
}
