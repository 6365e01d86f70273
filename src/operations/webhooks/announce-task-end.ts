import type { OperationContext } from '../context.js';

/** Writes down who is to be told of the task's end, and has them told. Does nothing for a task that has not ended. May be repeated. */
export async function announceTaskEnd(
  { deliveries, webhookGateway }: Pick<OperationContext, 'deliveries' | 'webhookGateway'>,
  taskId: string,
): Promise<void> {
  for (const due of await deliveries.announce(taskId)) await webhookGateway.deliver(due);
}
