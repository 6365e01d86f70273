import { createHash } from 'node:crypto';
import type { V1Container, V1Job, V1PodSpec, V1SecurityContext } from '@kubernetes/client-node';
import {
  HAND_OVER_PROGRAM,
  launchVariables,
  RUNNER_PROGRAM,
  RUNNER_VARIABLES,
  warmVariables,
} from '../domain/runner-program.js';
import { ANNOTATIONS, labelValue, LABELS, ownLabels, STAYS_ON_ITS_NODE } from './marks.js';
import { handoverMounts, handoverVolumes, PATHS, stagingMounts } from './runner-mounts.js';
import { mergedResources, stepResources } from './runner-resources.js';
import type { JobLaunch, PodLaunch, RunnerJobSettings, RunnerResources, WarmJobLaunch } from './runner-settings.js';

/** The container whose end is the runner's end. */
export const RUNNER_CONTAINER = 'runner';

const UNPRIVILEGED: V1SecurityContext = {
  allowPrivilegeEscalation: false,
  privileged: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ['ALL'] },
};

/**
 * The Job of one attempt, as it is asked for: the same for the same input. It is made suspended, and let go once the Secret with its token
 * is there, which needs the Job as its owner.
 */
export function runnerJobSpec(launch: JobLaunch, settings: RunnerJobSettings): V1Job {
  const variables = launchVariables(launch, placeIn(settings));
  const marks = { ...runMarks(launch, settings), podAnnotations: STAYS_ON_ITS_NODE };
  return jobOf({ ...launch, variables, ...marks }, settings);
}

/** The Job of a runner that waits for its run, made the same way: nothing in it is of any tenant. */
export function warmJobSpec(launch: WarmJobLaunch, settings: RunnerJobSettings): V1Job {
  const labels = {
    ...ownLabels(settings.lane, 'runner'),
    [LABELS.warmRunner]: launch.warmRunnerId,
    [LABELS.volume]: labelValue(launch.volumeName),
  };
  const variables = warmVariables(launch, placeIn(settings));
  const annotations = installationMarks(settings);
  const marks = { labels, annotations, podAnnotations: {} };
  return jobOf({ ...launch, image: null, resources: null, variables, ...marks }, settings);
}

/** What says in a Job whose it is: of one that was made for a run from the start, of a warm one when it has it. */
export function runMarks(launch: JobLaunch, settings: RunnerJobSettings): Pick<PodLaunch, 'labels' | 'annotations'> {
  return { labels: jobLabels(launch, settings), annotations: annotationsOf(launch, settings) };
}

function placeIn({ namespace }: RunnerJobSettings) {
  return { volumeDir: PATHS.volume, namespace, placement: 'kubernetes' };
}

function jobOf(launch: PodLaunch, settings: RunnerJobSettings): V1Job {
  const { labels, annotations, podAnnotations } = launch;
  const spec = {
    backoffLimit: 0, // Another attempt is Temporal's decision, never the Job controller's.
    completions: 1,
    parallelism: 1,
    activeDeadlineSeconds: settings.deadlineSeconds,
    ttlSecondsAfterFinished: settings.ttlSeconds,
    podReplacementPolicy: 'Failed',
    template: {
      metadata: { labels, annotations: { ...annotations, ...podAnnotations } },
      spec: podSpec(launch, settings),
    },
  };
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: launch.jobName,
      namespace: settings.namespace,
      labels,
      annotations: { ...annotations, [ANNOTATIONS.spec]: digestOf(spec) },
    },
    spec: { ...spec, suspend: true },
  };
}

function jobLabels(launch: JobLaunch, { lane }: Pick<RunnerJobSettings, 'lane'>): Record<string, string> {
  return {
    ...ownLabels(lane, 'runner'),
    [LABELS.run]: launch.runId,
    [LABELS.attempt]: String(launch.attempt),
    [LABELS.runnerJob]: launch.jobId,
    [LABELS.tenant]: labelValue(launch.tenantId),
    [LABELS.volume]: labelValue(launch.volumeName),
    ...(launch.sessionId === null ? {} : { [LABELS.session]: labelValue(launch.sessionId) }),
  };
}

function annotationsOf(launch: JobLaunch, settings: RunnerJobSettings): Record<string, string> {
  return {
    [ANNOTATIONS.trace]: launch.traceId,
    [ANNOTATIONS.tenant]: launch.tenantId,
    [ANNOTATIONS.attemptId]: launch.attemptId,
    [ANNOTATIONS.runner]: launch.runnerId,
    ...(launch.sessionId !== null && { [ANNOTATIONS.session]: launch.sessionId }),
    ...installationMarks(settings),
  };
}

function installationMarks(settings: RunnerJobSettings): Record<string, string> {
  return {
    ...(settings.envIdentity !== null && { [ANNOTATIONS.envIdentity]: settings.envIdentity }),
    ...(settings.bootRepoUrl !== null && { [ANNOTATIONS.bootRepo]: settings.bootRepoUrl }),
  };
}

function podSpec(launch: PodLaunch, settings: RunnerJobSettings): V1PodSpec {
  const { userId } = settings;
  return {
    restartPolicy: 'Never',
    serviceAccountName: settings.serviceAccount,
    // An agent runs whatever it likes in here: it gets no word with the cluster.
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    // What an agent leaves behind falls to the first process of its namespace: the Pod's own takes it, a runner in its place would not.
    shareProcessNamespace: true,
    terminationGracePeriodSeconds: settings.graceSeconds,
    securityContext: {
      runAsNonRoot: true,
      runAsUser: userId,
      runAsGroup: userId,
      fsGroup: userId,
      fsGroupChangePolicy: 'OnRootMismatch',
      seccompProfile: { type: 'RuntimeDefault' },
    },
    ...(settings.runtimeClass !== null && { runtimeClassName: settings.runtimeClass }),
    ...(settings.priorityClass !== null && { priorityClassName: settings.priorityClass }),
    ...(Object.keys(settings.nodeSelector).length > 0 && { nodeSelector: { ...settings.nodeSelector } }),
    tolerations: [...settings.tolerations, ...nodeLoss(settings.nodeLossSeconds)],
    ...(settings.imagePullSecrets.length > 0 && {
      imagePullSecrets: settings.imagePullSecrets.map((name) => ({ name })),
    }),
    initContainers: [handoverContainer(launch, settings)],
    containers: [runnerContainer(launch, settings)],
    volumes: handoverVolumes(launch, settings.lane),
  };
}

/** Kubernetes itself waits for five minutes before it gives up what is on a Node that it lost. */
function nodeLoss(seconds: number) {
  const lost = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'];
  return lost.map((key) => ({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: seconds }));
}

/**
 * Puts token and secrets where the runner takes them from and deletes them: they are mounted here only, so that nothing that the agent
 * can read holds them when it starts.
 */
function handoverContainer(launch: PodLaunch, settings: RunnerJobSettings): V1Container {
  const program = `${settings.programDir}/${HAND_OVER_PROGRAM}`;
  return {
    name: 'handover',
    image: launch.image ?? settings.image,
    imagePullPolicy: settings.imagePullPolicy,
    command: ['node', program, PATHS.staged, PATHS.handover],
    securityContext: UNPRIVILEGED,
    resources: stepResources(resourcesOf(launch, settings)),
    volumeMounts: stagingMounts(launch),
  };
}

function runnerContainer(launch: PodLaunch, settings: RunnerJobSettings): V1Container {
  return {
    name: RUNNER_CONTAINER,
    image: launch.image ?? settings.image,
    imagePullPolicy: settings.imagePullPolicy,
    command: ['node', `${settings.programDir}/${RUNNER_PROGRAM}`],
    workingDir: PATHS.volume,
    env: Object.entries(runnerEnvironment(launch, settings)).map(([name, value]) => ({ name, value })),
    securityContext: UNPRIVILEGED,
    resources: resourcesOf(launch, settings),
    // What it printed last goes with the Pod's status, should its log be gone before we read it.
    terminationMessagePolicy: 'FallbackToLogsOnError',
    volumeMounts: handoverMounts(),
  };
}

function resourcesOf({ resources }: PodLaunch, settings: RunnerJobSettings) {
  return mergedResources(resources as RunnerResources | null, settings.resources);
}

function runnerEnvironment({ variables }: PodLaunch, settings: RunnerJobSettings): Record<string, string> {
  return {
    HOME: PATHS.home,
    ...settings.environment,
    ...variables,
    [RUNNER_VARIABLES.handoverDir]: PATHS.handover,
  };
}

function digestOf(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex');
}
