import { createHash } from 'node:crypto';
import type { CommandList } from '../../contract/command.js';
import { isTerminalStatus } from '../../domain/outcome.js';
import type { Principal } from '../../domain/principal.js';
import { requireRun } from '../access.js';
import type { OperationContext } from '../context.js';

export interface CommandQuery {
  readonly runId: string;
  readonly afterSeq: number;
  readonly limit: number;
  readonly openOnly: boolean;
  /** How long to wait for something to tell; 0 answers at once. */
  readonly waitMs: number;
  /** The `cancelMark` that the client saw last; undefined for a client that does not keep it. */
  readonly knownCancelMark?: string;
}

/** A client that does not say which marks it knows is told of them once a second at most, so that it cannot spin. */
const UNKNOWN_MARK_DELAY_MS = 1_000;

/** A hint can be lost with a connection; the rows are looked at again this often. */
const RECHECK_MS = 10_000;

/**
 * The run's commands in order, and its cancel marks. With `waitMs` it answers as soon as there is a command, a mark
 * that the client does not know, or the run has ended; when the signal aborts, with what there is.
 */
export async function awaitCommands(
  context: OperationContext,
  principal: Principal,
  query: CommandQuery,
  signal: AbortSignal,
): Promise<CommandList> {
  if (query.waitMs === 0) return readCommands(context, principal, query);
  const subscription = context.wakeups.subscribe(`commands:${query.runId}`);
  try {
    const startedAt = Date.now();
    let list = await readCommands(context, principal, query);
    const known = query.knownCancelMark ?? list.cancelMark;
    const unknownMark = query.knownCancelMark === undefined && list.cancelMark !== '';
    const endsAt = startedAt + (unknownMark ? Math.min(query.waitMs, UNKNOWN_MARK_DELAY_MS) : query.waitMs);
    while (!tells(list, known) && !signal.aborted && Date.now() < endsAt) {
      await subscription.next(Math.min(endsAt - Date.now(), RECHECK_MS), signal);
      list = await readCommands(context, principal, query);
    }
    return list;
  } finally {
    subscription.close();
  }
}

function tells(list: CommandList, knownCancelMark: string): boolean {
  return list.items.length > 0 || list.cancelMark !== knownCancelMark || isTerminalStatus(list.runStatus);
}

async function readCommands(
  context: OperationContext,
  principal: Principal,
  query: CommandQuery,
): Promise<CommandList> {
  // A steer waits for this: whether the run may be seen is asked beside what there is to see.
  const [run, items, marks] = await Promise.all([
    requireRun(context, principal, query.runId),
    context.runs.listCommands(query),
    context.runs.getCancelMarks(query.runId),
  ]);
  return { items, ...marks, cancelMark: cancelMarkOf(marks), runStatus: run.status };
}

/** A short name for a set of cancel marks; empty for none. */
export function cancelMarkOf(marks: Pick<CommandList, 'cancelRequestedAt' | 'cancelCommandIds'>): string {
  if (marks.cancelRequestedAt === null && marks.cancelCommandIds.length === 0) return '';
  const named = JSON.stringify([marks.cancelRequestedAt, [...marks.cancelCommandIds].sort()]);
  return createHash('sha256').update(named).digest('hex').slice(0, 16);
}
