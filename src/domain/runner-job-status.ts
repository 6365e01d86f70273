/** `pending`: asked for, not yet on the platform. `lost`: the platform no longer knows it and nobody saw it end. */
export const RUNNER_JOB_STATUSES = [
  'pending',
  'starting',
  'running',
  'succeeded',
  'failed',
  'stopped',
  'lost',
] as const;
export type RunnerJobStatus = (typeof RUNNER_JOB_STATUSES)[number];

/** Those that a Job does not leave any more. */
export const ENDED_JOB_STATUSES: readonly RunnerJobStatus[] = ['succeeded', 'failed', 'stopped', 'lost'];

export function isJobOver({ status }: { readonly status: RunnerJobStatus }): boolean {
  return ENDED_JOB_STATUSES.includes(status);
}

/** How a Job ended that the platform does not know (any more): nothing is left of it, and whoever waits for its end need not wait. */
export function unknownJob({ jobName, runId, attempt, status }: NamedJob) {
  const wasAskedFor = status === 'pending';
  const end = wasAskedFor
    ? ({ status: 'stopped', reason: 'not-started' } as const)
    : ({ status: 'lost', reason: null } as const);
  return { jobName, runId, attempt, ...end, exitCode: null, message: null };
}

interface NamedJob {
  readonly jobName: string;
  readonly runId: string;
  readonly attempt: number;
  readonly status: RunnerJobStatus;
}
