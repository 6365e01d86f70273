import type { ClaimedRun, ClaimRequest, LeaseRenewal, RenewedRun } from '../../contract/lease.js';
import type { RunRecord } from '../../contract/run.js';
import { conflict, leaseConflict } from '../../domain/errors.js';
import { isTerminalStatus } from '../../domain/outcome.js';
import type { Principal } from '../../domain/principal.js';
import { RunRefused } from '../../domain/refusals.js';
import { requireRun, requireWritable } from '../access.js';
import type { OperationContext } from '../context.js';
import { answered } from './run-refusals.js';
import { toRun } from './to-run.js';
import { assertAttemptLives, writerOf } from './writer.js';

/** A lease is told from its row by this process's clock only when it has at least this long to live: the clocks may differ. */
const CLOCK_MARGIN_MS = 1_000;

/**
 * Gives the run to a runner, with the token by which it speaks for this attempt.
 * @throws lease-conflict while another runner's lease lives; conflict when the run has ended; lease-lost for an attempt that is over.
 */
export async function claimRun(
  context: OperationContext,
  principal: Principal,
  runId: string,
  body: ClaimRequest,
): Promise<ClaimedRun> {
  const run = await requireRun(context, principal, runId);
  const { runnerId, leaseMs } = body;
  const { attempt } = writerOf(principal, body);
  assertClaimable(run, attempt);
  const claiming = toRun(context, run, async (gateway, address, waited) => {
    assertNotHeld(waited ? ((await context.runs.getRun(runId, 'all')) ?? run) : run, runnerId);
    return gateway.claimRun(address, { runId, runnerId, leaseMs, attempt });
  });
  const claimed = await answered(
    runId,
    claiming.catch((error: unknown) => outrun(runId, attempt, error)),
  );
  const holder = { runId, tenantId: run.tenantId, attempt: claimed.attempt, runnerId };
  const [runnerToken, record, marks, kind] = await Promise.all([
    context.runnerTokens.issue(holder),
    context.runs.getRun(runId, 'all'),
    context.runs.getCancelMarks(runId),
    context.backends.kindOf(run.backendProfile),
  ]);
  const backendKind = kind ?? run.backendProfile;
  return { ...(record ?? run), runnerToken, backendKind, cancelCommandIds: marks.cancelCommandIds };
}

/**
 * The heartbeat.
 * @throws lease-lost for a runner that does not hold the run.
 */
export async function renewLease(
  context: OperationContext,
  principal: Principal,
  runId: string,
  body: LeaseRenewal,
): Promise<RenewedRun> {
  await requireWritable(context, principal, runId);
  const { attempt } = writerOf(principal, body);
  return context.leases.renew({ runId, runnerId: body.runnerId, attempt, leaseMs: body.leaseMs });
}

/** Who asked for no attempt of its own lost none: somebody else was faster. */
function outrun(runId: string, attempt: number | undefined, error: unknown): never {
  const lost = attempt === undefined && error instanceof RunRefused && error.type === 'attempt-over';
  throw lost ? leaseConflict(runId, error.facts) : error;
}

function assertClaimable(run: RunRecord, attempt: number | undefined): void {
  assertAttemptLives(run, { attempt });
  if (isTerminalStatus(run.status)) {
    throw conflict(`run ${run.id} has ended`, { runId: run.id, terminalStatus: run.terminalStatus });
  }
}

/** Many runners may race for a run: those who cannot win are turned away without asking the workflow. */
function assertNotHeld({ id, claimedBy, leaseExpiresAt }: RunRecord, runnerId: string): void {
  if (claimedBy === null || claimedBy === runnerId || leaseExpiresAt === null) return;
  if (Date.parse(leaseExpiresAt) < Date.now() + CLOCK_MARGIN_MS) return;
  throw leaseConflict(id, { claimedBy, leaseExpiresAt });
}
