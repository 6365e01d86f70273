export { runWorkflow } from './run/workflow.js';
export { leaseMonitorWorkflow, runnerWatchWorkflow } from './watchers/workflow.js';
export { collectSessionStorageWorkflow, evictSessionWorkflow } from './session/workflow.js';
export { maintenanceWorkflow } from './maintenance/workflow.js';
export { runnerRetentionWorkflow } from './retention/workflow.js';
