import { isDeepStrictEqual } from 'node:util';
import type { RunRecord } from '../../contract/run.js';
import type { RunnerJobCreate, RunnerJobRecord } from '../../contract/runner.js';
import { conflict, invalid } from '../../domain/errors.js';
import { runnerJobId } from '../../domain/ids.js';
import { isTerminalStatus } from '../../domain/outcome.js';
import type { Principal } from '../../domain/principal.js';
import { RunRefused } from '../../domain/refusals.js';
import { requireRun } from '../access.js';
import type { OperationContext } from '../context.js';
import { refusalError } from './run-refusals.js';
import { assertMayNameImage } from './runner-image.js';
import { runnerJobRequest } from './runner-job-request.js';
import { joinRunnerJob } from './runner-jobs.js';
import { toRun } from './to-run.js';

/**
 * Asks for a runner Job for the run's current attempt. One Job per attempt: asking again answers the same, also after the run's end.
 * @throws schema-invalid for a command of another run; forbidden for an image that the principal may not choose; conflict when the run has ended, a runner holds it already, or the
 *   Job was asked for with another image, resources or env.
 */
export async function requestRunnerJob(
  context: OperationContext,
  principal: Principal,
  runId: string,
  body: RunnerJobCreate,
): Promise<RunnerJobRecord> {
  const run = await requireRun(context, principal, runId);
  const jobId = runnerJobId(runId, run.attempt);
  const existing = await context.jobs.get(jobId);
  if (existing === undefined) {
    await assertMayNameImage(context, principal, body.image, 'image');
    await assertNeeded(context, run, body);
  }
  const { attempt } = run;
  const job = existing ?? (await context.jobs.request(runnerJobRequest(context.platform, { runId, attempt }, body)));
  await assertSameWishes(context, job, body);
  if (!isTerminalStatus(run.status)) await launch(context, run, job);
  return joinRunnerJob(context, run, (await context.jobs.get(jobId)) ?? job);
}

async function assertNeeded(context: OperationContext, run: RunRecord, body: RunnerJobCreate): Promise<void> {
  if (isTerminalStatus(run.status)) {
    throw conflict(`run ${run.id} has ended`, { runId: run.id, terminalStatus: run.terminalStatus });
  }
  if (run.claimedBy !== null) {
    throw conflict(`run ${run.id} has a runner already`, { runId: run.id, claimedBy: run.claimedBy });
  }
  if (body.commandId === null || body.commandId === undefined) return;
  const command = await context.runs.getCommand(body.commandId, [run.tenantId]);
  if (command?.runId !== run.id) throw invalid('commandId', 'commandId must be a command of this run');
}

async function launch(context: OperationContext, run: RunRecord, job: RunnerJobRecord): Promise<void> {
  const message = { runId: run.id, jobId: job.id, attempt: job.attempt };
  try {
    await toRun(context, run, (gateway, address) => gateway.requestRunnerJob(address, message));
  } catch (error) {
    if (!(error instanceof RunRefused)) throw error;
    await closeRefused(context, job);
    // A lost lease is a runner's affair: an operator asked for an attempt that was over meanwhile.
    if (error.type === 'attempt-over')
      throw conflict(`attempt ${job.attempt} is over`, { ...error.facts, runId: run.id });
    throw refusalError(run.id, error);
  }
}

/** Asking again may leave wishes out, or repeat them: another wish would silently come to nothing. */
async function assertSameWishes(context: OperationContext, job: RunnerJobRecord, body: RunnerJobCreate): Promise<void> {
  const asked = await context.jobs.overrides(job.id);
  for (const field of ['image', 'resources', 'env'] as const) {
    const wish = body[field];
    if (wish === undefined || wish === null || isDeepStrictEqual(wish, asked?.[field] ?? {})) continue;
    const message = `${field} is not what the Job of attempt ${job.attempt} was asked for with`;
    throw conflict(message, { field, runnerJobId: job.id });
  }
}

/** The row says "asked for"; a Job that was refused will never be seen by the platform, so its row is ended here. */
async function closeRefused(context: OperationContext, job: RunnerJobRecord): Promise<void> {
  if (job.status !== 'pending') return;
  const { jobName, runId, attempt } = job;
  const view = {
    jobName,
    runId,
    attempt,
    status: 'stopped',
    reason: 'refused',
    exitCode: null,
    message: null,
  } as const;
  await context.jobs.observe(view);
}
