import type { QueueChanged, QueueRecord, QueueUpdate } from '../../contract/queue.js';
import { AgentRunError } from '../../domain/errors.js';
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
 * by itself as it looks at the records; repeating tells it again.
 * @throws forbidden for operators that are limited to tenants: a queue is shared by all
 */
export async function changeQueue(
  context: Pick<OperationContext, 'tasks' | 'queueGateway'>,
  principal: Principal,
  name: string,
  update: QueueUpdate,
): Promise<QueueChanged> {
  requireInstallation(principal);
  const queue = await context.tasks.updateQueue(name, update);
  return { ...queue, applied: await isTold(context, name) };
}

async function isTold({ queueGateway }: Pick<OperationContext, 'queueGateway'>, name: string): Promise<boolean> {
  try {
    await queueGateway.queueChanged(name);
    return true;
  } catch (error) {
    if (error instanceof AgentRunError && error.refusal === 'unavailable') return false;
    throw error;
  }
}

/** Weights name tenants, of which others are not told. */
function asSeenBy(principal: Principal, queue: QueueRecord): QueueRecord {
  const weights = Object.entries(queue.weights).filter(([tenantId]) => seesTenant(principal, tenantId));
  return { ...queue, weights: Object.fromEntries(weights) };
}
