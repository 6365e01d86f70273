import type { QueueCommander } from '../../contract/queue.js';
import type { Principal } from '../../domain/principal.js';
import { tenantScope } from '../access.js';
import type { OperationContext } from '../context.js';
import { taskSummaries } from '../tasks/task-summaries.js';

interface CommanderQuery {
  readonly queue?: string;
  readonly readerId: string;
  readonly limit: number;
}

/** What someone minding a queue, or all of them, must see: what is unread, needs attention, or is in a session that works. */
export async function queueCommander(
  context: Pick<OperationContext, 'tasks' | 'board'>,
  principal: Principal,
  { queue, readerId, limit }: CommanderQuery,
): Promise<QueueCommander> {
  const { items, ...counts } = await context.tasks.listToMind({
    tenants: tenantScope(principal),
    queue,
    readerId,
    limit,
  });
  return {
    queue: queue ?? null,
    readerId,
    items: await taskSummaries(context, items, readerId),
    ...counts,
    truncated: counts.count > items.length,
    valuesPrinted: false,
  };
}
