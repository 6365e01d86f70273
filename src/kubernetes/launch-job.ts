import type { V1Job, V1Secret } from '@kubernetes/client-node';
import { AgentRunError, unavailable } from '../domain/errors.js';
import { HANDOVER_FILES } from '../domain/runner-program.js';
import { asked, platformError, statusOf } from './api-errors.js';
import type { Cluster } from './cluster.js';
import { toBase64 } from './kubernetes-secrets.js';
import { ANNOTATIONS, LABELS, tokenSecretName } from './marks.js';
import { MERGE_PATCH } from './merge-patch.js';

type Warn = (message: string, error: unknown) => void;

/** A Job as it is to be, and the token that its runner is handed. */
export interface JobWithToken {
  readonly wanted: V1Job;
  readonly token: string;
}

/**
 * Makes a runner's Job, or goes on where an earlier try ended: the Job, suspended; its token's Secret, which the Job owns; then
 * the Job is let go. Whoever dies in between leaves nothing that its Job's deletion does not take with it.
 */
export async function launchJob(
  cluster: Pick<Cluster, 'batch' | 'core'>,
  { wanted, token }: JobWithToken,
  warn: Warn,
): Promise<V1Job> {
  const { name = '', namespace = '' } = wanted.metadata ?? {};
  const job = await createOrAdopt(cluster, wanted, warn);
  if (job.spec?.suspend !== true) return job;
  // The token of an earlier try is as good: a token is for an attempt, whoever issued it.
  await createTokenSecret(cluster, token, job);
  return letGo(cluster, name, namespace);
}

async function createOrAdopt({ batch }: Pick<Cluster, 'batch'>, wanted: V1Job, warn: Warn): Promise<V1Job> {
  const { name = '', namespace = '' } = wanted.metadata ?? {};
  try {
    return await batch.createNamespacedJob({ namespace, body: wanted });
  } catch (error) {
    if (statusOf(error) !== 409) throw platformError(`the Job ${name}`, error);
  }
  const there = await asked(`to read the Job ${name}`, batch.readNamespacedJob({ name, namespace }));
  assertOurs(wanted, there, warn);
  return there;
}

/**
 * A Job of that name is this attempt's, whatever it was made from: a manager with other settings may have died after it made it.
 * @throws conflict for a Job of somebody else's; unavailable for one that is being deleted.
 */
function assertOurs(wanted: V1Job, there: V1Job, warn: Warn): void {
  const name = wanted.metadata?.name ?? '';
  const isSame = [LABELS.run, LABELS.attempt, LABELS.warmRunner].every(
    (label) => there.metadata?.labels?.[label] === wanted.metadata?.labels?.[label],
  );
  if (!isSame) {
    const message = `the cluster has a Job ${name} that is not this attempt's; delete it, or set another AGENTRUN_RUNNER_JOB_NAME_PREFIX`;
    throw new AgentRunError('runner-start-failed', 'conflict', message, { jobName: name });
  }
  if (there.metadata?.deletionTimestamp !== undefined) {
    throw unavailable('platform', undefined, `the Job ${name} is being deleted; try again`);
  }
  const specs = [wanted, there].map((job) => job.metadata?.annotations?.[ANNOTATIONS.spec]);
  if (specs[0] !== specs[1]) warn(`the Job ${name} was made from other settings, and is taken as it is`, specs);
}

async function createTokenSecret({ core }: Pick<Cluster, 'core'>, token: string, job: V1Job): Promise<void> {
  const { name = '', namespace = '' } = job.metadata ?? {};
  const body = tokenSecret(token, job);
  const made = core.createNamespacedSecret({ namespace, body }).catch((error: unknown) => {
    if (statusOf(error) !== 409) throw error;
  });
  await asked(`the Secret of the Job ${name}`, made);
}

function tokenSecret(token: string, { metadata }: V1Job): V1Secret {
  const { name = '', namespace = '', uid = '', labels } = metadata ?? {};
  const owner = { apiVersion: 'batch/v1', kind: 'Job', name, uid };
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'Opaque',
    immutable: true,
    metadata: {
      name: tokenSecretName(name),
      namespace,
      labels: { ...labels },
      ownerReferences: [{ ...owner, controller: true, blockOwnerDeletion: true }],
    },
    data: { [HANDOVER_FILES.tokenFile]: toBase64(token) },
  };
}

async function letGo({ batch }: Pick<Cluster, 'batch'>, name: string, namespace: string): Promise<V1Job> {
  return asked(
    `to start the Job ${name}`,
    batch.patchNamespacedJob({ name, namespace, body: { spec: { suspend: false } } }, MERGE_PATCH),
  );
}
