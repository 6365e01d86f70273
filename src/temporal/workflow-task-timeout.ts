/**
 * How long a worker may think about a workflow before another one does: what a killed worker had begun waits so long, by default ten
 * seconds. On two cores with six times the work that they can do the slowest took 1.8 s; one that takes too long is only done again.
 */
export const WORKFLOW_TASK_TIMEOUT = '4s';
