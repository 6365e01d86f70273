import type { ActionDescriptor } from '../contract/result.js';
import { asJobEndReason, type JobEndReason } from '../domain/job-end-reasons.js';
import type { RunFacts } from './run-facts.js';

interface JobEndMeaning {
  /** What happened, as a part of a sentence. */
  readonly what: string;
  /** What to do before it is tried again; null where trying again is all. */
  readonly next: string | null;
  /** The same for a program. */
  readonly mend: Pick<ActionDescriptor, 'action' | 'operation' | 'resourceKind'> & { readonly reasonHint: string };
}

const ANOTHER_JOB = { operation: 'create', resourceKind: 'runner-job' } as const;
const THE_CLUSTER = { operation: 'inspect', resourceKind: 'platform' } as const;

const IMAGE: Pick<JobEndMeaning, 'next' | 'mend'> = {
  next: 'correct the image or the right to fetch it',
  mend: { action: 'correct-image', ...ANOTHER_JOB, reasonHint: 'image, or AGENTRUN_RUNNER_IMAGE and its pull secrets' },
};
const CONTAINER: Pick<JobEndMeaning, 'next' | 'mend'> = {
  next: "read the Job's message, and correct the image or the Pod's settings",
  mend: { action: 'correct-runner-settings', ...THE_CLUSTER, reasonHint: 'image, service account, Secrets, user' },
};
const NODE: Pick<JobEndMeaning, 'next' | 'mend'> = {
  next: null,
  mend: { action: 'inspect-node', ...THE_CLUSTER, reasonHint: 'the state of the Node that it ran on' },
};

const MEANINGS: Record<JobEndReason, JobEndMeaning> = {
  OOMKilled: {
    what: 'its runner used more memory than its limit and was killed (OOMKilled)',
    next: 'give it a larger resources.limits.memory, or ask for less at once',
    mend: { action: 'raise-memory', ...ANOTHER_JOB, reasonHint: 'resources.limits.memory above what it had' },
  },
  Evicted: {
    what: "its runner's Pod was evicted from its Node, which ran short of something or was drained (Evicted)",
    next: "look at the Node's pressure, or ask for the resources that the runner needs",
    mend: { action: 'raise-requests', ...ANOTHER_JOB, reasonHint: 'resources.requests as large as what it uses' },
  },
  Preempted: {
    what: "its runner's Pod had to make room for one of a higher priority (Preempted)",
    next: 'give runners a higher priority class, or the cluster more room',
    mend: { action: 'raise-priority', ...THE_CLUSTER, reasonHint: 'AGENTRUN_RUNNER_PRIORITY_CLASS' },
  },
  NodeLost: { what: 'the Node that its runner ran on was lost (NodeLost)', ...NODE },
  PodDeleted: {
    what: "somebody deleted its runner's Pod (PodDeleted)",
    next: null,
    mend: { action: 'inspect-deletion', ...THE_CLUSTER, reasonHint: 'who deletes Pods of this namespace' },
  },
  JobDeleted: {
    what: "somebody deleted its runner's Job (JobDeleted)",
    next: null,
    mend: { action: 'inspect-deletion', ...THE_CLUSTER, reasonHint: 'who deletes Jobs of this namespace' },
  },
  DeadlineExceeded: {
    what: 'its runner lived for as long as a runner may (DeadlineExceeded)',
    next: 'raise AGENTRUN_RUNNER_DEADLINE_SECONDS if runs need longer',
    mend: { action: 'raise-deadline', ...THE_CLUSTER, reasonHint: 'AGENTRUN_RUNNER_DEADLINE_SECONDS' },
  },
  Unschedulable: {
    what: 'no Node has room for its runner, or may take it (Unschedulable)',
    next: 'ask for less, give the cluster more room, or correct node selector and tolerations',
    mend: { action: 'lower-requests', ...ANOTHER_JOB, reasonHint: 'resources.requests that fit a Node' },
  },
  PodRefused: {
    what: "the cluster refused its runner's Pod (PodRefused)",
    next: 'raise the quota of the namespace, or correct what was refused',
    mend: { action: 'raise-quota', ...THE_CLUSTER, reasonHint: "the namespace's quota and admission" },
  },
  ErrImagePull: { what: "its runner's image could not be fetched (ErrImagePull)", ...IMAGE },
  ImagePullBackOff: { what: "its runner's image could not be fetched, again and again (ImagePullBackOff)", ...IMAGE },
  ErrImageNeverPull: {
    what: "its runner's image is not on the Node, and may not be fetched (ErrImageNeverPull)",
    ...IMAGE,
  },
  InvalidImageName: { what: "the name of its runner's image is none (InvalidImageName)", ...IMAGE },
  CreateContainerConfigError: {
    what: "its runner's container could not be configured (CreateContainerConfigError)",
    ...CONTAINER,
  },
  CreateContainerError: { what: "its runner's container could not be made (CreateContainerError)", ...CONTAINER },
  RunContainerError: { what: "its runner's container could not be started (RunContainerError)", ...CONTAINER },
  HandoverFailed: { what: 'its runner could not be handed its token (HandoverFailed)', ...CONTAINER },
};

/** Of the current attempt's Job, where its end has a meaning of its own. */
export function jobEndMeaning({ runnerJob }: RunFacts): JobEndMeaning | undefined {
  const reason = asJobEndReason(runnerJob?.reason ?? null);
  return reason && MEANINGS[reason];
}
