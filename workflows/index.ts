export { runWorkflow } from './run/workflow.js';
export {
  budgetMonitorWorkflow,
  leaseMonitorWorkflow,
  runnerWatchWorkflow,
  warmRunnersWorkflow,
} from './watchers/workflow.js';
export { collectSessionStorageWorkflow, evictSessionWorkflow } from './session/workflow.js';
export { webhookDeliveryWorkflow } from './webhook/workflow.js';
export { scheduledTaskWorkflow } from './schedule/workflow.js';
export { maintenanceWorkflow } from './maintenance/workflow.js';
export { runnerRetentionWorkflow } from './retention/workflow.js';
export { queueWorkflow } from './queue/workflow.js';
export { queueTaskWorkflow } from './queue-task/workflow.js';
