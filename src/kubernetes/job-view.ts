import type { V1Job, V1Pod } from '@kubernetes/client-node';
import { isJobOver } from '../domain/runner-job-status.js';
import type { RunnerJobView } from '../ports/runner-platform.js';
import { ANNOTATIONS, LABELS } from './marks.js';
import { podState, type Patience, type PodState } from './pod-state.js';
import { timeMs } from './times.js';

/** A Job with its Pods, as the cluster has them. */
export interface JobObjects {
  readonly job: V1Job;
  readonly pods: readonly V1Pod[];
  /** The last Pod that was seen, where it is gone. */
  readonly gonePod?: V1Pod;
  /** What the Job controller could not do, in its words: no Pod was made. */
  readonly podRefused?: string;
}

/** Pure: the Job as the port tells it. */
export function jobView(objects: JobObjects, patience: Patience, nowMs: number): RunnerJobView {
  const { job } = objects;
  const labels = job.metadata?.labels ?? {};
  const state = stateOf(objects, patience, nowMs);
  const wasStopped = isStopping(job);
  // Asked to end just as it ended by itself: it did what it was there for.
  const isStopped = wasStopped && isJobOver(state) && state.status !== 'succeeded';
  return {
    jobName: job.metadata?.name ?? '',
    runId: labels[LABELS.run] ?? '',
    attempt: Number(labels[LABELS.attempt] ?? 0),
    ...state,
    ...(isStopped && { status: 'stopped' as const, reason: 'killed' }),
    createdAtMs: timeMs(job.metadata?.creationTimestamp),
    ...(labels[LABELS.warmRunner] !== undefined && { warmRunnerId: labels[LABELS.warmRunner] }),
    labels,
  };
}

/** We asked for its end. */
export function isStopping(job: V1Job | undefined): boolean {
  return job?.metadata?.annotations?.[ANNOTATIONS.stopping] !== undefined;
}

/** A Job that is gone without our asking, as it was last seen. */
export function deletedView(objects: JobObjects, patience: Patience, nowMs: number): RunnerJobView {
  const view = jobView(objects, patience, nowMs);
  if (isJobOver(view) && view.reason !== 'PodDeleted') return view;
  if (isStopping(objects.job)) return { ...view, status: 'stopped', reason: 'killed', message: null };
  return { ...view, status: 'lost', reason: 'JobDeleted', message: 'the Job was deleted by somebody else' };
}

/** The newest Pod speaks, unless the Job itself was ended: then its Pod only shows that it was. */
function stateOf(objects: JobObjects, patience: Patience, nowMs: number): PodState {
  const { job, pods, gonePod, podRefused } = objects;
  const failure = jobFailure(job);
  const pod = newest(pods);
  if (failure?.reason === 'DeadlineExceeded') return failure;
  if (pod !== undefined) return podState(pod, patience, nowMs);
  if (failure !== undefined && gonePod === undefined) return failure;
  if (gonePod !== undefined) return goneState(gonePod, patience, nowMs);
  if (isComplete(job)) return { status: 'succeeded', reason: 'exited', exitCode: 0, message: null };
  if (podRefused !== undefined) return { status: 'failed', reason: 'PodRefused', exitCode: null, message: podRefused };
  return { status: 'starting', reason: job.spec?.suspend === true ? 'Suspended' : null, exitCode: null, message: null };
}

/** How it ended where that was seen. */
function goneState(pod: V1Pod, patience: Patience, nowMs: number): PodState {
  const last = podState(pod, patience, nowMs);
  return isJobOver(last) ? last : POD_DELETED;
}

const POD_DELETED: PodState = {
  status: 'failed',
  reason: 'PodDeleted',
  exitCode: null,
  message: 'the Pod was deleted, and nobody saw how its runner ended',
};

function jobFailure(job: V1Job): PodState | undefined {
  const failed = job.status?.conditions?.find(
    ({ type, status }) => (type === 'Failed' || type === 'FailureTarget') && status === 'True',
  );
  if (failed === undefined) return undefined;
  if (failed.reason !== 'DeadlineExceeded') return POD_DELETED;
  const message = `the runner was ended after ${job.spec?.activeDeadlineSeconds} s, the longest that a runner may live`;
  return { status: 'failed', reason: 'DeadlineExceeded', exitCode: null, message };
}

function isComplete(job: V1Job): boolean {
  return job.status?.conditions?.some(({ type, status }) => type === 'Complete' && status === 'True') ?? false;
}

export function newest(pods: readonly V1Pod[]): V1Pod | undefined {
  const at = (pod: V1Pod) => timeMs(pod.metadata?.creationTimestamp) ?? 0;
  return pods.toSorted((a, b) => at(b) - at(a))[0];
}
