import type { V1ContainerStateWaiting, V1ContainerStatus, V1Pod, V1PodCondition } from '@kubernetes/client-node';
import { RUNNER_EXIT_CODES } from '../domain/runner-program.js';
import type { RunnerJobStatus } from '../domain/runner-job-status.js';
import { RUNNER_CONTAINER } from './runner-job-spec.js';
import { timeMs } from './times.js';

/** Where a runner's Pod is, in the cluster's words. */
export interface PodState {
  readonly status: RunnerJobStatus;
  readonly reason: string | null;
  readonly exitCode: number | null;
  readonly message: string | null;
}

export interface Patience {
  /** A Pod that fits nowhere is given up after this: a cluster may be getting another Node. */
  readonly unschedulableMs: number;
  /** A Pod whose image cannot be fetched is given up this long after it got its Node: its kubelet goes on trying. */
  readonly imagePullMs: number;
}

const SHOWN = 300;

/** A container that waits for one of these comes out of it by somebody's hand, or too seldom to wait for it. */
const STUCK = [
  'InvalidImageName',
  'ErrImageNeverPull',
  'CreateContainerConfigError',
  'CreateContainerError',
  'RunContainerError',
];

/** The kubelet tries again after 10 s, 20 s, 40 s …, which is enough for a registry or a resolver that was busy. */
const UNFETCHED = ['ErrImagePull', 'ImagePullBackOff'];

/** Of a registry that answered: it would say the same again. */
const REFUSED_IMAGE =
  /not found|manifest unknown|unauthorized|denied|forbidden|no basic auth|repository does not exist|invalid reference/i;

/** Why the cluster took a Pod away, by the reason of its condition `DisruptionTarget`. */
const DISRUPTIONS: Record<string, string> = {
  PreemptionByScheduler: 'Preempted',
  DeletionByTaintManager: 'NodeLost',
  DeletionByPodGC: 'NodeLost',
  EvictionByEvictionAPI: 'Evicted',
  TerminationByKubelet: 'Evicted',
};

/** Pure: what the Pod's status says, at a moment. */
export function podState(pod: V1Pod, patience: Patience, nowMs: number): PodState {
  return (
    lostNode(pod) ??
    neverPlaced(pod) ??
    ended(pod) ??
    stuck(pod) ??
    unfetched(pod, patience, nowMs) ??
    unschedulable(pod, patience, nowMs) ??
    living(pod)
  );
}

/** Its Node is out of sight, so nothing will ever tell how its containers end. */
function lostNode(pod: V1Pod): PodState | undefined {
  const isLost = pod.status?.reason === 'NodeLost' || pod.status?.phase === 'Unknown' || disruption(pod) === 'NodeLost';
  if (!isLost || runnerOf(pod)?.state?.terminated !== undefined) return undefined;
  const on = pod.spec?.nodeName === undefined ? 'its Node' : `the Node ${pod.spec.nodeName}`;
  return { status: 'lost', reason: 'NodeLost', exitCode: null, message: `${on} was lost, and the runner with it` };
}

function ended(pod: V1Pod): PodState | undefined {
  const { phase, reason, message } = pod.status ?? {};
  const terminated = runnerOf(pod)?.state?.terminated;
  const isOver = terminated !== undefined || phase === 'Failed' || phase === 'Succeeded';
  // The Pod's own reason (an eviction, a deadline) says more than how the step before the runner ended.
  if (!reason && handoverFailure(pod) !== undefined) return handoverFailure(pod);
  if (!isOver) return undefined;
  if (terminated?.exitCode === 0 && phase !== 'Failed') return of('succeeded', 'exited', 0, howEnded('exited', 0));
  return endedAs(pod, terminated?.exitCode ?? null, message);
}

function endedAs(pod: V1Pod, exitCode: number | null, message?: string): PodState {
  const why =
    disruption(pod) ?? (pod.status?.reason || whyEnded(pod, runnerOf(pod)?.state?.terminated?.reason, exitCode));
  return of('failed', why, exitCode, message ? cut(message) : howEnded(why, exitCode));
}

function whyEnded(pod: V1Pod, reason: string | undefined, exitCode: number | null): string {
  // Kubernetes' own words for an exit code other than 0 and for 0: they say nothing.
  if (reason !== undefined && reason !== 'Error' && reason !== 'Completed') return reason;
  if (pod.metadata?.deletionTimestamp !== undefined) return 'PodDeleted';
  return exitCode !== null && exitCode > 128 && !isOwn(exitCode) ? 'killed' : 'exited';
}

/** The step before the runner; it does nothing that depends on a run. */
function handoverFailure(pod: V1Pod): PodState | undefined {
  const failed = (pod.status?.initContainerStatuses ?? []).find((one) => (one.state?.terminated?.exitCode ?? 0) !== 0);
  const terminated = failed?.state?.terminated;
  if (terminated === undefined) return undefined;
  const reason = terminated.reason === 'Error' || !terminated.reason ? 'HandoverFailed' : terminated.reason;
  return of('failed', reason, terminated.exitCode, 'what the runner is handed could not be put in place');
}

/** Deleted before it had a Node: it never ran, which the cluster itself says only as it cleans up, up to 20 s later, and without a reason. */
function neverPlaced(pod: V1Pod): PodState | undefined {
  if (pod.metadata?.deletionTimestamp === undefined || pod.spec?.nodeName !== undefined) return undefined;
  const reason = disruption(pod) ?? (pod.status?.reason || 'PodDeleted');
  return of('failed', reason, null, 'the Pod was deleted before it had a Node');
}

function stuck(pod: V1Pod): PodState | undefined {
  const waiting = waitingFor(pod, STUCK);
  return waiting && of('failed', waiting.reason ?? null, null, waiting.message ? cut(waiting.message) : null);
}

function unfetched(pod: V1Pod, { imagePullMs }: Patience, nowMs: number): PodState | undefined {
  const waiting = waitingFor(pod, UNFETCHED);
  if (waiting === undefined) return undefined;
  const { reason = null, message = '' } = waiting;
  const isOver = REFUSED_IMAGE.test(message) || nowMs - (scheduledMs(pod) ?? nowMs) >= imagePullMs;
  return of(isOver ? 'failed' : 'starting', reason, null, message === '' ? null : cut(message));
}

function unschedulable(pod: V1Pod, { unschedulableMs }: Patience, nowMs: number): PodState | undefined {
  const condition = conditionOf(pod, 'PodScheduled');
  if (condition?.status !== 'False' || condition.reason !== 'Unschedulable') return undefined;
  // Its volume is still being made, which is no question of room: the start's own deadline limits it.
  if (/unbound .*PersistentVolumeClaims/.test(condition.message ?? ''))
    return of('starting', 'VolumePending', null, cut(condition.message ?? ''));
  const isOver = nowMs - (scheduledMs(pod) ?? nowMs) >= unschedulableMs;
  return of(isOver ? 'failed' : 'starting', 'Unschedulable', null, condition.message ? cut(condition.message) : null);
}

function living(pod: V1Pod): PodState {
  if (runnerOf(pod)?.state?.running !== undefined) return of('running', null, null, null);
  const waiting = runnerOf(pod)?.state?.waiting?.reason;
  return of('starting', waiting ?? (pod.spec?.nodeName === undefined ? 'Scheduling' : 'ContainerCreating'), null, null);
}

function howEnded(reason: string, exitCode: number | null): string {
  const known = exitCode === null ? undefined : nameOf(exitCode);
  if (reason === 'killed' && exitCode !== null) return `the runner ended by signal ${exitCode - 128}`;
  if (exitCode === null) return `the runner ended (${reason})`;
  return `the runner ended with exit code ${exitCode}${known === undefined ? '' : ` (${known})`}`;
}

function nameOf(exitCode: number): string | undefined {
  return Object.entries(RUNNER_EXIT_CODES).find(([, code]) => code === exitCode)?.[0];
}

function isOwn(exitCode: number): boolean {
  return nameOf(exitCode) !== undefined;
}

function disruption(pod: V1Pod): string | undefined {
  const condition = conditionOf(pod, 'DisruptionTarget');
  if (condition?.status !== 'True') return undefined;
  return DISRUPTIONS[condition.reason ?? ''] ?? 'Evicted';
}

function conditionOf(pod: V1Pod, type: string): V1PodCondition | undefined {
  return pod.status?.conditions?.find((condition) => condition.type === type);
}

/** Since when the Pod has its Node, or is known to fit none. */
function scheduledMs(pod: V1Pod): number | undefined {
  return timeMs(conditionOf(pod, 'PodScheduled')?.lastTransitionTime ?? pod.metadata?.creationTimestamp);
}

function waitingFor(pod: V1Pod, reasons: readonly string[]): V1ContainerStateWaiting | undefined {
  return allStatuses(pod)
    .map((status) => status.state?.waiting)
    .find((one) => one?.reason !== undefined && reasons.includes(one.reason));
}

function runnerOf(pod: V1Pod): V1ContainerStatus | undefined {
  return pod.status?.containerStatuses?.find(({ name }) => name === RUNNER_CONTAINER);
}

function allStatuses({ status }: V1Pod): V1ContainerStatus[] {
  return [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
}

function of(status: RunnerJobStatus, reason: string | null, exitCode: number | null, message: string | null): PodState {
  return { status, reason, exitCode, message };
}

/** The cluster may say much, and over several lines. */
function cut(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return line.length <= SHOWN ? line : `${line.slice(0, SHOWN - 1)}…`;
}
