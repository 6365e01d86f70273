import type { QueueRecord, QueueUpdate } from '../../contract/queue.js';
import { seesTenant, type Principal } from '../../domain/principal.js';
import { requireInstallation, tenantScope } from '../access.js';
import type { OperationContext } from '../context.js';

type Tasks = Pick<OperationContext, 'tasks'>;

export async function listQueues(
  { tasks }: Tasks,
  principal: Principal,
  page: { limit: number; cursor?: string },
): Promise<{ items: QueueRecord[]; nextCursor?: string }> {
  const { items, ...rest } = await tasks.listQueues({ tenants: tenantScope(principal), ...page });
  return { items: items.map((queue) => asSeenBy(principal, queue)), ...rest };
}

/** A queue that nobody has set up has the defaults. */
export async function readQueue({ tasks }: Tasks, principal: Principal, name: string): Promise<QueueRecord> {
  return asSeenBy(principal, await tasks.queue(name));
}

/**
 * Changes a queue's settings and tells the queue. Where that cannot be told, the settings stand all the same, and the queue finds them
 * by itself later; repeating tells it again.
 * @throws forbidden for operators that are limited to tenants: a queue is shared by all
 */
export async function changeQueue(
  { tasks, queueGateway }: Pick<OperationContext, 'tasks' | 'queueGateway'>,
  principal: Principal,
  name: string,
  update: QueueUpdate,
): Promise<QueueRecord> {
  requireInstallation(principal);
  const queue = await tasks.updateQueue(name, update);
  await queueGateway.queueChanged(name);
  return queue;
}

/** Weights name tenants, of which others are not told. */
function asSeenBy(principal: Principal, queue: QueueRecord): QueueRecord {
  const weights = Object.entries(queue.weights).filter(([tenantId]) => seesTenant(principal, tenantId));
  return { ...queue, weights: Object.fromEntries(weights) };
}
