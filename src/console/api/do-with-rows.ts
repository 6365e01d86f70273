import type { AgentRun } from '../../client/index.js';
import { asError } from '../../domain/as-error.js';
import type { BulkAction } from '../model/bulk-actions.js';
import type { InboxRow } from '../model/inbox-rows.js';

/** Browsers have six connections to one address, and the page needs some itself. */
const AT_ONCE = 3;
const REASON = 'cancelled in the console';

/** One with which it was not done, and why. */
export interface BulkFailure {
  readonly row: InboxRow;
  readonly error: Error;
}

/** Does it with each row, a few at once; answers those with which it could not be done, in their order. */
export async function doWithRows(
  client: AgentRun,
  readerId: string,
  action: BulkAction,
  rows: readonly InboxRow[],
): Promise<BulkFailure[]> {
  const failures = new Map<InboxRow, Error>();
  const waiting = [...rows];
  const lane = async () => {
    for (let row = waiting.shift(); row !== undefined; row = waiting.shift()) {
      const one = row;
      await doWithRow(client, readerId, action, one).catch((error: unknown) => failures.set(one, asError(error)));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  return rows.flatMap((row) => {
    const error = failures.get(row);
    return error === undefined ? [] : [{ row, error }];
  });
}

/** What a row can do says which of these it comes to. */
function doWithRow(client: AgentRun, readerId: string, action: BulkAction, { kind, key }: InboxRow): Promise<unknown> {
  switch (action) {
    case 'dispatch':
    case 'retry':
      return client.tasks.dispatch(key);
    case 'read':
      return kind === 'task' ? client.tasks.markRead(key, readerId) : client.sessions.markRead(key, readerId);
    case 'cancel':
      if (kind === 'task') return client.tasks.cancel(key, REASON);
      if (kind === 'session') return client.sessions.control(key, { action: 'cancel', reason: REASON });
      return client.runs.cancel(key, REASON);
  }
}
