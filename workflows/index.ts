export { runWorkflow } from './run/workflow.js';
export { leaseMonitorWorkflow, runnerWatchWorkflow } from './watchers/workflow.js';
export { maintenanceWorkflow } from './maintenance/workflow.js';
