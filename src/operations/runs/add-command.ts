import type { CommandCreate, CommandRecord } from '../../contract/command.js';
import type { RunRecord } from '../../contract/run.js';
import { conflict } from '../../domain/errors.js';
import { newId } from '../../domain/new-id.js';
import { isTerminalStatus } from '../../domain/outcome.js';
import type { Principal } from '../../domain/principal.js';
import { RunRefused } from '../../domain/refusals.js';
import type { Reservation } from '../../ports/reservation.js';
import type { CommandDraft } from '../../ports/run-store.js';
import { requireRun } from '../access.js';
import { bodyHash } from '../body-hash.js';
import type { OperationContext } from '../context.js';
import { refusalError } from './run-refusals.js';
import { toRun } from './to-run.js';

/**
 * Hands a command to a run, or answers the one that an earlier request with the same key made, also after the run's end.
 * The payload stays in the database: the workflow learns the command's id and type.
 * @throws conflict when the run has ended; rate-limited when too many commands wait; idempotency-conflict.
 */
export async function addCommand(
  context: OperationContext,
  principal: Principal,
  runId: string,
  body: CommandCreate,
): Promise<CommandRecord> {
  const run = await requireRun(context, principal, runId);
  if (body.idempotencyKey === undefined) assertLive(run);
  const draft = { id: newId('cmd'), runId, type: body.type, payload: body.payload };
  const drafted = await context.runs.draftCommand(draft, reservationOf(run, body));
  const command = { ...draft, id: drafted.id };
  if (!drafted.opened) await openCommand(context, run, command);
  return openedCommand(context, runId, command.id);
}

function reservationOf(run: RunRecord, body: CommandCreate): Reservation | undefined {
  if (body.idempotencyKey === undefined) return undefined;
  const route = `POST /api/v1/runs/${run.id}/commands`;
  return { tenantId: run.tenantId, route, key: body.idempotencyKey, bodyHash: bodyHash(body) };
}

async function openCommand(context: OperationContext, run: RunRecord, draft: CommandDraft): Promise<void> {
  const message = { runId: run.id, commandId: draft.id, type: draft.type };
  try {
    await toRun(context, run, (gateway, address) => gateway.addCommand(address, message));
  } catch (error) {
    if (!(error instanceof RunRefused)) throw error;
    await context.runs.dropCommandDraft(draft.id);
    // Dropping leaves an accepted command alone: an earlier try may have been accepted before the run ended.
    if ((await context.runs.getCommand(draft.id, 'all')) !== undefined) return;
    // The row knows how it ended.
    assertLive((await context.runs.getRun(run.id, 'all')) ?? run);
    throw refusalError(run.id, error);
  }
}

function assertLive(run: RunRecord): void {
  if (isTerminalStatus(run.status)) {
    throw conflict(`run ${run.id} has ended`, { runId: run.id, terminalStatus: run.terminalStatus });
  }
}

/** A repeat that was refused may have dropped the draft before it was opened: the run has forgotten the command by now, or will. */
async function openedCommand(context: OperationContext, runId: string, commandId: string): Promise<CommandRecord> {
  const command = await context.runs.getCommand(commandId, 'all');
  if (command === undefined) throw refusalError(runId, new RunRefused('command-unknown', { commandId }));
  return command;
}
