import type { V1Job, V1Pod } from '@kubernetes/client-node';
import { setTimeout as delay } from 'node:timers/promises';
import { unavailable } from '../domain/errors.js';
import { asked, unlessMissing } from './api-errors.js';
import type { Cluster } from './cluster.js';
import { ANNOTATIONS } from './marks.js';
import { MERGE_PATCH } from './merge-patch.js';

type Apis = Pick<Cluster, 'batch' | 'core'>;

/** From the first to the longest: many Jobs may be stopped at once, and each look is two requests. */
const LOOK_MS = { first: 100, longest: 1_000 };
/** Beyond the grace: the kubelet has to see that its Pod is to go, end it, and say so. */
const MARGIN_MS = 45_000;

export interface StopJob {
  readonly name: string;
  readonly namespace: string;
  readonly graceMs: number;
  /** For so long a runner may go on working whose Node nobody hears of: until its lease is over, by which it has ended its agent itself. */
  readonly leaseMs: number;
}

/** The Job's Pods, by the label that the Job controller gives them. */
export async function podsOfJob({ core }: Pick<Cluster, 'core'>, name: string, namespace: string): Promise<V1Pod[]> {
  const labelSelector = `batch.kubernetes.io/job-name=${name}`;
  const list = await asked(`the Pods of the Job ${name}`, core.listNamespacedPod({ namespace, labelSelector }));
  return list.items;
}

/** Says in the Job that its end is ours, for whoever watches it go. */
export async function markStopping({ batch }: Apis, name: string, namespace: string): Promise<V1Job | undefined> {
  const body = { metadata: { annotations: { [ANNOTATIONS.stopping]: new Date().toISOString() } } };
  return asked(
    `to stop the Job ${name}`,
    unlessMissing(batch.patchNamespacedJob({ name, namespace, body }, MERGE_PATCH)),
  );
}

/**
 * Deletes the Job with its Pods; resolves when the cluster knows none of them any more, with the Pods as they were last. First the Job, so
 * that no further Pod is made, then its Pods with the time that they are given.
 */
export async function deleteJob(apis: Apis, { name, namespace, graceMs, leaseMs }: StopJob): Promise<V1Pod[]> {
  let last: V1Pod[] = [];
  let isGone = false;
  let lookMs = LOOK_MS.first;
  // In the body: what stands there wins over the query, and Jobs leave their Pods behind by default.
  const body = { propagationPolicy: 'Background' };
  await asked(
    `the deletion of the Job ${name}`,
    unlessMissing(apis.batch.deleteNamespacedJob({ name, namespace, body })),
  );
  const gracePeriodSeconds = Math.ceil(graceMs / 1_000);
  for (const giveUpAt = performance.now() + graceMs + MARGIN_MS; performance.now() < giveUpAt;) {
    const pods = await podsOfJob(apis, name, namespace);
    isGone ||= await isMissing(apis, name, namespace);
    if (pods.length === 0 && isGone) return last;
    if (pods.length > 0) last = pods;
    await Promise.all(pods.map(async (pod) => endPod(apis, pod, { gracePeriodSeconds, leaseMs })));
    await delay(lookMs);
    lookMs = Math.min(lookMs * 1.5, LOOK_MS.longest);
  }
  throw unavailable('platform', undefined, `the Job ${name} or a Pod of it is still there`);
}

async function isMissing({ batch }: Apis, name: string, namespace: string): Promise<boolean> {
  const request = unlessMissing(batch.readNamespacedJob({ name, namespace }));
  return (await asked(`to read the Job ${name}`, request)) === undefined;
}

interface EndPod {
  readonly gracePeriodSeconds: number;
  readonly leaseMs: number;
}

/** Asks once; a Pod on a Node that the cluster lost sight of is struck off, since nobody there can answer. */
async function endPod(apis: Apis, pod: V1Pod, { gracePeriodSeconds, leaseMs }: EndPod): Promise<void> {
  const { name = '', namespace = '', deletionTimestamp, deletionGracePeriodSeconds, uid } = pod.metadata ?? {};
  const isAsked = deletionTimestamp !== undefined && (deletionGracePeriodSeconds ?? 0) <= gracePeriodSeconds;
  const overdueMs = deletionTimestamp === undefined ? 0 : Date.now() - deletionTimestamp.getTime();
  const strikeOff = overdueMs > OVERDUE_MS && (await nobodyEndsIt(apis, pod, overdueMs > leaseMs));
  if (isAsked && !strikeOff) return;
  const body = { gracePeriodSeconds: strikeOff ? 0 : gracePeriodSeconds, preconditions: { uid } };
  await asked(
    `the deletion of the Pod ${name}`,
    unlessMissing(apis.core.deleteNamespacedPod({ name, namespace, body })),
  );
}

const OVERDUE_MS = 2_000;

/**
 * Whether nothing of the Pod works any more, though nobody says so: it has no Node, its Node is gone from the cluster, or is out of sight and
 * the lease is over. A Node whose kubelet alone was lost lets its containers run, and the next runner may be given their volume.
 * Our right to read Nodes may be missing: then nothing is struck off.
 */
async function nobodyEndsIt({ core }: Pick<Apis, 'core'>, pod: V1Pod, leaseIsOver: boolean): Promise<boolean> {
  const name = pod.spec?.nodeName;
  if (name === undefined) return true;
  try {
    const node = await unlessMissing(core.readNode({ name }));
    if (node === undefined) return true;
    const ready = node.status?.conditions?.find(({ type }) => type === 'Ready');
    return ready?.status !== 'True' && leaseIsOver;
  } catch {
    return false;
  }
}
