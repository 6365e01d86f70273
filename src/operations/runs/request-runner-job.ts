import { isDeepStrictEqual } from 'node:util';
import type { RunRecord } from '../../contract/run.js';
import type { RunnerJobCreate, RunnerJobRecord } from '../../contract/runner.js';
import { conflict, invalid } from '../../domain/errors.js';
import { runnerJobId } from '../../domain/ids.js';
import { isTerminalStatus } from '../../domain/outcome.js';
import type { Principal } from '../../domain/principal.js';
import { RunRefused } from '../../domain/refusals.js';
import type { Reservation } from '../../ports/reservation.js';
import { requireRun } from '../access.js';
import { bodyHash } from '../body-hash.js';
import type { OperationContext } from '../context.js';
import { refusalError } from './run-refusals.js';
import { assertMayNameImage } from './runner-image.js';
import { runnerJobRequest } from './runner-job-request.js';
import { joinRunnerJob } from './runner-jobs.js';
import { toRun } from './to-run.js';

/**
 * Asks for a runner Job for the run's current attempt. One Job per attempt: asking again answers the same, also after the run's end. What was
 * asked for with a key is answered to it again, whichever attempt the run has come to: a repeat asks for no further runner.
 * @throws schema-invalid for a command of another run; forbidden for an image that the principal may not choose; conflict when the run has ended, a runner holds it already, or the
 *   Job was asked for with another image, resources or env; idempotency-conflict.
 */
export async function requestRunnerJob(
  context: OperationContext,
  principal: Principal,
  runId: string,
  body: RunnerJobCreate,
): Promise<RunnerJobRecord> {
  const run = await requireRun(context, principal, runId);
  const reservation = reservationOf(run, body);
  const keptFor = reservation && (await context.jobs.findReserved(reservation));
  const job = await jobOf(context, principal, { run, body, jobId: keptFor ?? runnerJobId(runId, run.attempt) });
  const toKeep = keptFor === undefined ? reservation : undefined;
  if (toKeep !== undefined) await context.jobs.reserve(toKeep, job.id);
  if (!isTerminalStatus(run.status) && job.attempt === run.attempt) await launch(context, run, job, toKeep);
  return joinRunnerJob(context, run, (await context.jobs.get(job.id)) ?? job);
}

function reservationOf(run: RunRecord, body: RunnerJobCreate): Reservation | undefined {
  if (body.idempotencyKey === undefined) return undefined;
  const route = `POST /api/v1/runs/${run.id}/runner-jobs`;
  return { tenantId: run.tenantId, route, key: body.idempotencyKey, bodyHash: bodyHash(body) };
}

interface AskedJob {
  readonly run: RunRecord;
  readonly body: RunnerJobCreate;
  readonly jobId: string;
}

/** The Job that is there, or its row: nothing is launched yet. */
async function jobOf(
  context: OperationContext,
  principal: Principal,
  { run, body, jobId }: AskedJob,
): Promise<RunnerJobRecord> {
  const existing = await context.jobs.get(jobId);
  if (existing === undefined) {
    await assertMayNameImage(context, principal, body.image, 'image');
    await assertNeeded(context, run, body);
  }
  const asked = { runId: run.id, attempt: run.attempt };
  const job = existing ?? (await context.jobs.request(runnerJobRequest(context.platform, asked, body)));
  await assertSameWishes(context, job, body);
  return job;
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

/** `kept`: the key that this request took, and no earlier one. */
async function launch(
  context: OperationContext,
  run: RunRecord,
  job: RunnerJobRecord,
  kept: Reservation | undefined,
): Promise<void> {
  const message = { runId: run.id, jobId: job.id, attempt: job.attempt };
  try {
    await toRun(context, run, (gateway, address) => gateway.requestRunnerJob(address, message));
  } catch (error) {
    if (!(error instanceof RunRefused)) throw error;
    await closeRefused(context, job);
    if (kept !== undefined) await context.jobs.release(kept);
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
