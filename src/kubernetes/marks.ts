import { createHash } from 'node:crypto';
import type { SecretRef } from '../domain/secrets.js';

/** What every object of ours carries, so that it can be found, and read by people: see docs/kubernetes.md. */
export const LABELS = {
  name: 'app.kubernetes.io/name',
  managedBy: 'app.kubernetes.io/managed-by',
  component: 'app.kubernetes.io/component',
  lane: 'agentrun.dev/lane',
  run: 'agentrun.dev/run',
  attempt: 'agentrun.dev/attempt',
  runnerJob: 'agentrun.dev/runner-job',
  session: 'agentrun.dev/session',
  tenant: 'agentrun.dev/tenant',
  volume: 'agentrun.dev/volume',
  secretKind: 'agentrun.dev/secret-kind',
  warmRunner: 'agentrun.dev/warm-runner',
} as const;

/** Whole values, where a label has no room for them. */
export const ANNOTATIONS = {
  session: 'agentrun.dev/session-id',
  tenant: 'agentrun.dev/tenant-id',
  trace: 'agentrun.dev/trace-id',
  attemptId: 'agentrun.dev/attempt-id',
  runner: 'agentrun.dev/runner-id',
  /** Of the spec that a Job was made from: tells whether a launch that is repeated asks for the same. */
  spec: 'agentrun.dev/spec-sha256',
  /** We asked for its end; written before it is deleted. */
  stopping: 'agentrun.dev/stop-asked-at',
  envIdentity: 'agentrun.dev/env-identity',
  bootRepo: 'agentrun.dev/boot-repo-url',
  secretName: 'agentrun.dev/secret-name',
  updatedAt: 'agentrun.dev/updated-at',
} as const;

/** On a Pod that works: to those who clear Nodes to save some, it would look like any other that its Job could make again. */
export const STAYS_ON_ITS_NODE: Readonly<Record<string, string>> = {
  'cluster-autoscaler.kubernetes.io/safe-to-evict': 'false',
  'karpenter.sh/do-not-disrupt': 'true',
};

const MANAGER = 'agentrun';

export type Component = 'runner' | 'volume' | 'secret';

/** Of every object of one kind in one lane. */
export function ownLabels(lane: string, component: Component): Record<string, string> {
  return {
    [LABELS.name]: `${MANAGER}-${component}`,
    [LABELS.managedBy]: MANAGER,
    [LABELS.component]: component,
    [LABELS.lane]: labelValue(lane),
  };
}

/** `key=value,key=value` */
export function selector(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}=${value}`)
    .join(',');
}

const LABEL_VALUE = /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;

/** The text itself where it may be a label, else a readable part of it and its digest. */
export function labelValue(text: string): string {
  if (LABEL_VALUE.test(text)) return text;
  const hint = text
    .replaceAll(/[^A-Za-z0-9]+/g, '-')
    .slice(0, 40)
    .replaceAll(/^-|-$/g, '');
  return `${hint === '' ? 'x' : hint}-${digest(text)}`;
}

/** What the cluster calls the Secret of a bundle: of one lane, since lanes may share a namespace. */
export function secretObjectName(lane: string, { kind, name }: SecretRef): string {
  const hint = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, 30)
    .replaceAll(/^-|-$/g, '');
  return ['agentrun', kind, hint, digest(`${lane}/${kind}/${name}`)].filter((part) => part !== '').join('-');
}

/** The Secret with an attempt's token. */
export function tokenSecretName(jobName: string): string {
  return `${jobName}-token`;
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
