import type { CommandRecord } from '../contract/command.js';
import type { RunRecord } from '../contract/run.js';
import { forbidden, leaseLost, missing } from '../domain/errors.js';
import type { Principal } from '../domain/principal.js';
import type { RunStore, TenantScope } from '../ports/run-store.js';
import type { OperationContext } from './context.js';

/** The tenants whose things a principal finds; everything else looks missing. */
export function tenantScope(principal: Principal): TenantScope {
  return principal.kind === 'runner' ? [principal.tenantId] : principal.tenants;
}

/**
 * The run, if the principal may see it.
 * @throws forbidden for a runner of another run; lease-lost for a runner whose attempt is over; missing.
 */
export async function requireRun(
  context: { readonly runs: Pick<RunStore, 'getRun'> },
  principal: Principal,
  runId: string,
): Promise<RunRecord> {
  assertOwnRun(principal, runId);
  const run = await context.runs.getRun(runId, tenantScope(principal));
  if (run === undefined) throw missing('run', runId);
  assertOwnAttempt(principal, run);
  return run;
}

/** The command and its run, if the principal may see them. Throws as `requireRun` does. */
export async function requireCommand(
  context: OperationContext,
  principal: Principal,
  commandId: string,
): Promise<{ command: CommandRecord; run: RunRecord }> {
  const found = await context.runs.getCommandWithRun(commandId, tenantScope(principal));
  if (found === undefined) throw missing('command', commandId);
  assertOwnRun(principal, found.run.id);
  assertOwnAttempt(principal, found.run);
  return found;
}

/** The command, if it is one of this run's. Throws as `requireRun` does. */
export async function requireCommandOfRun(
  context: OperationContext,
  principal: Principal,
  runId: string,
  commandId: string,
): Promise<{ command: CommandRecord; run: RunRecord }> {
  const run = await requireRun(context, principal, runId);
  const command = await context.runs.getCommand(commandId, tenantScope(principal));
  if (command?.runId !== runId) throw missing('command', commandId);
  return { command, run };
}

/**
 * For writes whose statement is fenced by attempt and runner itself: reads the run only where the principal's
 * tenants are limited, so that a heartbeat stays one statement.
 */
export async function requireWritable(context: OperationContext, principal: Principal, runId: string): Promise<void> {
  assertOwnRun(principal, runId);
  if (principal.kind === 'operator' && principal.tenants !== 'all') await requireRun(context, principal, runId);
}

/** For what belongs to the whole installation. @throws forbidden for an operator that sees some tenants only, and for runners. */
export function requireInstallation(principal: Principal): void {
  if (principal.kind === 'operator' && principal.tenants === 'all') return;
  throw forbidden('this is for operators of all tenants: it belongs to the whole installation');
}

function assertOwnRun(principal: Principal, runId: string): void {
  if (principal.kind === 'runner' && principal.runId !== runId) {
    throw forbidden('a runner token reaches its own run only', { runId: principal.runId });
  }
}

function assertOwnAttempt(principal: Principal, run: RunRecord): void {
  if (principal.kind === 'runner' && principal.attempt < run.attempt) {
    throw leaseLost(run.id, { attempt: run.attempt });
  }
}
