/** Why a platform says that a runner ended, or never began, where that means more than an exit code. */
export const JOB_END_REASONS = [
  'OOMKilled',
  'Evicted',
  'Preempted',
  'NodeLost',
  'PodDeleted',
  'JobDeleted',
  'DeadlineExceeded',
  'Unschedulable',
  'PodRefused',
  'ErrImagePull',
  'ImagePullBackOff',
  'ErrImageNeverPull',
  'InvalidImageName',
  'CreateContainerConfigError',
  'CreateContainerError',
  'RunContainerError',
  'HandoverFailed',
] as const;
export type JobEndReason = (typeof JOB_END_REASONS)[number];

/** What the next attempt would meet as well, as long as nobody changes the settings: it is not tried again. */
const HOPELESS: readonly string[] = ['InvalidImageName', 'ErrImageNeverPull', 'CreateContainerConfigError'];

export function isHopeless(reason: string): boolean {
  return HOPELESS.includes(reason);
}

export function asJobEndReason(reason: string | null): JobEndReason | undefined {
  return JOB_END_REASONS.find((known) => known === reason);
}
