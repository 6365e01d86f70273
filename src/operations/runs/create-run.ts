import type { RunCreate, RunRecord } from '../../contract/run.js';
import type { Principal } from '../../domain/principal.js';
import { bodyHash } from '../body-hash.js';
import type { OperationContext } from '../context.js';
import { makeRun } from './open-run.js';

const ROUTE = 'POST /api/v1/runs';

/** Makes a run, or answers the one that an earlier request with the same key made. Throws as `makeRun` does. */
export async function createRun(
  context: OperationContext,
  principal: Principal,
  body: RunCreate,
  traceId: string,
): Promise<RunRecord> {
  const { tenantId, idempotencyKey: key } = body;
  const reservation = key === undefined ? undefined : { tenantId, route: ROUTE, key, bodyHash: bodyHash(body) };
  return makeRun(context, principal, { body, traceId, reservation });
}
