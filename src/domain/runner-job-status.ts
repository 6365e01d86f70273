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
