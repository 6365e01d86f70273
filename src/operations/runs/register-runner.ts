import type { RunnerRecord, RunnerRegister } from '../../contract/runner.js';
import { forbidden } from '../../domain/errors.js';
import { newId } from '../../domain/new-id.js';
import type { Principal } from '../../domain/principal.js';
import { requireRun } from '../access.js';
import type { OperationContext } from '../context.js';
import { writerOf } from './writer.js';

/**
 * Keeps what a runner says of itself; registering again under the same id replaces it.
 * @throws lease-lost for a runner whose attempt is over; missing for a run that the principal does not see.
 */
export async function registerRunner(
  context: OperationContext,
  principal: Principal,
  body: RunnerRegister,
): Promise<RunnerRecord> {
  if (principal.kind === 'operator') {
    if (body.runId) await requireRun(context, principal, body.runId);
    return context.jobs.register(body.runnerId ?? newId('rnr'), body);
  }
  const { runnerId = principal.runnerId } = writerOf(principal, { runnerId: body.runnerId });
  if (body.runId && body.runId !== principal.runId) {
    throw forbidden('a runner token reaches its own run only', { field: 'runId' });
  }
  await requireRun(context, principal, principal.runId);
  return context.jobs.register(runnerId, { ...body, runId: principal.runId });
}
