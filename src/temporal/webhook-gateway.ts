import type { Client } from '@temporalio/client';
import { defineSearchAttributeKey, SearchAttributeType, TypedSearchAttributes } from '@temporalio/common';
import { deliveryWorkflowId, TASK_QUEUE } from '../domain/ids.js';
import type { SearchAttributeName } from '../domain/search-attributes.js';
import type { DueDelivery } from '../ports/delivery-store.js';
import type { WebhookGateway } from '../ports/webhook-gateway.js';
import { deliverNowSignal } from '../../workflows/webhook/messages.js';
import type { webhookDeliveryWorkflow } from '../../workflows/webhook/workflow.js';
import { answered } from './answered.js';

const WORKFLOW = 'webhookDeliveryWorkflow' satisfies (typeof webhookDeliveryWorkflow)['name'];

export function createWebhookGateway(client: Client): WebhookGateway {
  return {
    async deliver(delivery) {
      await answered(client, async () =>
        client.workflow.start<typeof webhookDeliveryWorkflow>(WORKFLOW, {
          ...optionsOf(delivery),
          workflowIdConflictPolicy: 'USE_EXISTING',
        }),
      );
    },

    async deliverNow(delivery) {
      await answered(client, async () =>
        client.workflow.signalWithStart<typeof webhookDeliveryWorkflow>(WORKFLOW, {
          ...optionsOf(delivery),
          signal: deliverNowSignal,
        }),
      );
    },
  };
}

function optionsOf({ deliveryId, webhookId, taskId, tenantId, queue }: DueDelivery) {
  return {
    taskQueue: TASK_QUEUE,
    workflowId: deliveryWorkflowId(deliveryId),
    args: [{ deliveryId }] as [{ deliveryId: string }],
    typedSearchAttributes: attributes({ AgentRunTaskId: taskId, AgentRunTenant: tenantId, AgentRunQueue: queue }),
    staticSummary: `Tells webhook ${webhookId} that task ${taskId} ended`,
  };
}

function attributes(values: Partial<Record<SearchAttributeName, string>>): TypedSearchAttributes {
  return new TypedSearchAttributes(
    Object.entries(values).map(([name, value]) => ({
      key: defineSearchAttributeKey(name, SearchAttributeType.KEYWORD),
      value,
    })),
  );
}
