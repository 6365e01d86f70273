import type { QueueStats } from '../../contract/queue.js';
import type { Principal } from '../../domain/principal.js';
import { tenantScope } from '../access.js';
import type { OperationContext } from '../context.js';
import { readQueue } from './settings.js';

/** What the tasks of a queue, or of all queues, are doing, as far as the principal may see them. */
export async function queueStats(
  context: Pick<OperationContext, 'tasks'>,
  principal: Principal,
  queue?: string,
): Promise<QueueStats> {
  const stats = await context.tasks.stats({ tenants: tenantScope(principal), queue });
  return { ...stats, settings: queue === undefined ? null : await readQueue(context, principal, queue) };
}
