import type { RunnerRecord, RunnerRegister } from '../../contract/runner.js';
import { conflict, forbidden } from '../../domain/errors.js';
import { newId } from '../../domain/new-id.js';
import type { Principal } from '../../domain/principal.js';
import { requireRun } from '../access.js';
import type { OperationContext } from '../context.js';
import { writerOf } from './writer.js';

/**
 * Keeps what a runner says of itself; registering again under the same id replaces it.
 * @throws lease-lost for a runner whose attempt is over; missing for a run that the principal does not see; conflict for the id of a
 * runner whose run an operator does not see.
 */
export async function registerRunner(
  context: OperationContext,
  principal: Principal,
  body: RunnerRegister,
): Promise<RunnerRecord> {
  const { runnerId, runId } = whoRegisters(principal, body);
  if (runId) await requireRun(context, principal, runId);
  const tenants = principal.kind === 'operator' ? principal.tenants : 'all';
  const registered = await context.jobs.register(runnerId, { ...body, runId }, tenants);
  if (registered === undefined) throw conflict('runnerId is taken', { field: 'runnerId' });
  return registered;
}

function whoRegisters(principal: Principal, body: RunnerRegister): Pick<RunnerRecord, 'runId'> & { runnerId: string } {
  if (principal.kind === 'operator') return { runnerId: body.runnerId ?? newId('rnr'), runId: body.runId ?? null };
  const { runnerId = principal.runnerId } = writerOf(principal, { runnerId: body.runnerId });
  if (!body.runId || body.runId === principal.runId) return { runnerId, runId: principal.runId };
  throw forbidden('a runner token reaches its own run only', { field: 'runId' });
}
