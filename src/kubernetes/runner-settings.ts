import type { V1Toleration } from '@kubernetes/client-node';
import type { SecretRef } from '../domain/secrets.js';
import type { RunnerLaunch, WarmLaunch } from '../ports/runner-platform.js';

/** What of the installation goes into every runner Job. */
export interface RunnerJobSettings {
  readonly namespace: string;
  readonly lane: string;
  readonly serviceAccount: string;
  /** Where a launch names none. */
  readonly image: string;
  readonly imagePullPolicy: 'Always' | 'IfNotPresent' | 'Never';
  readonly imagePullSecrets: readonly string[];
  /** Where AgentRun is in the image: holds `dist/`. */
  readonly programDir: string;
  /** For whatever a launch does not ask for itself. */
  readonly resources: RunnerResources;
  readonly runtimeClass: string | null;
  readonly priorityClass: string | null;
  readonly nodeSelector: Readonly<Record<string, string>>;
  readonly tolerations: readonly V1Toleration[];
  /** User and group of the runner and its agent; never 0. */
  readonly userId: number;
  /** From its start until the cluster ends it. */
  readonly deadlineSeconds: number;
  /** How long an ended Job stays that nobody deleted. */
  readonly ttlSeconds: number;
  /** From being told to end until being killed. */
  readonly graceSeconds: number;
  /** A Pod on a Node that the cluster lost sight of is given up after this. */
  readonly nodeLossSeconds: number;
  /** Settings of the runner (`AGENTRUN_…`), no secret among them. */
  readonly environment: Readonly<Record<string, string>>;
  readonly envIdentity: string | null;
  readonly bootRepoUrl: string | null;
}

export interface RunnerResources {
  readonly requests?: Readonly<Record<string, string>>;
  readonly limits?: Readonly<Record<string, string>>;
}

/** A launch without its token: what of it may stand in a Job. */
export type JobLaunch = Omit<RunnerLaunch, 'runnerToken'>;
export type WarmJobLaunch = Omit<WarmLaunch, 'claimToken'>;

/** What the Pods of both are made from alike. */
export interface PodLaunch {
  readonly jobName: string;
  readonly volumeName: string;
  readonly secrets: readonly SecretRef[];
  /** Null takes the installation's. */
  readonly image: string | null;
  readonly resources: unknown;
  /** Of the runner's container, beside the installation's. */
  readonly variables: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** Of the Pod alone. */
  readonly podAnnotations: Readonly<Record<string, string>>;
}
