/**
 * How long a worker may think about a workflow before another one does: what a killed worker had begun waits so long, by default ten
 * seconds. On two busy cores the slowest of thousands took 1.8 s; one that takes longer is only done again.
 */
export const WORKFLOW_TASK_TIMEOUT = '3s';
