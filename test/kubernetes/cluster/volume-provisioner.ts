import type { V1PersistentVolume, V1PersistentVolumeClaim, V1StorageClass } from '@kubernetes/client-node';
import { chmod, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Cluster } from '../../../src/kubernetes/cluster.js';
import { statusOf } from '../../../src/kubernetes/api-errors.js';
import { NODE_NAME } from './kubeconfig.js';

/** The test cluster's default class. */
const STORAGE_CLASS = 'folders';
const PROVISIONER = 'agentrun.test/folders';
const LOOK_MS = 100;

/**
 * Gives every claim a folder of this machine as its volume, and deletes what is released: what a cluster's storage driver does. Volumes of
 * the kind `local` are handed to the Pod's group, as those of real drivers are.
 */
export class VolumeProvisioner {
  readonly #stopping = new AbortController();
  #working: Promise<void> = Promise.resolve();

  constructor(
    private readonly cluster: Pick<Cluster, 'core'>,
    private readonly folder: string,
  ) {}

  start(): void {
    this.#working = this.#work();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#working;
  }

  /** The server may be away for a while: the next look sees what this one missed. */
  async #work(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await this.#look().catch(() => undefined);
      await delay(LOOK_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  async #look(): Promise<void> {
    const { core } = this.cluster;
    const [claims, volumes] = await Promise.all([
      core.listPersistentVolumeClaimForAllNamespaces(),
      core.listPersistentVolume(),
    ]);
    const wanting = claims.items.filter(
      ({ spec, status }) => spec?.storageClassName === STORAGE_CLASS && status?.phase === 'Pending' && !spec.volumeName,
    );
    await Promise.all(wanting.map(async (claim) => this.#provision(claim)));
    const released = volumes.items.filter(
      ({ spec, status }) => spec?.storageClassName === STORAGE_CLASS && status?.phase === 'Released',
    );
    await Promise.all(released.map(async (volume) => this.#remove(volume)));
  }

  async #provision(claim: V1PersistentVolumeClaim): Promise<void> {
    const name = `pvc-${claim.metadata?.uid}`;
    const path = join(this.folder, name);
    await mkdir(path, { recursive: true });
    await chmod(path, 0o2770);
    await this.cluster.core.createPersistentVolume({ body: volumeOf(claim, name, path) }).catch((error: unknown) => {
      if (statusOf(error) !== 409) throw error;
    });
  }

  async #remove(volume: V1PersistentVolume): Promise<void> {
    const name = volume.metadata?.name ?? '';
    await rm(join(this.folder, name), { recursive: true, force: true });
    await this.cluster.core.deletePersistentVolume({ name });
  }
}

export async function createStorageClass(createClass: (body: V1StorageClass) => Promise<unknown>): Promise<void> {
  await createClass({
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name: STORAGE_CLASS, annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
    provisioner: PROVISIONER,
    reclaimPolicy: 'Delete',
    volumeBindingMode: 'Immediate',
  });
}

function volumeOf(claim: V1PersistentVolumeClaim, name: string, path: string): V1PersistentVolume {
  const { metadata, spec } = claim;
  const onNode = { key: 'kubernetes.io/hostname', operator: 'In', values: [NODE_NAME] };
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name, annotations: { 'pv.kubernetes.io/provisioned-by': PROVISIONER } },
    spec: {
      storageClassName: STORAGE_CLASS,
      accessModes: spec?.accessModes,
      capacity: { storage: spec?.resources?.requests?.['storage'] ?? '1Gi' },
      persistentVolumeReclaimPolicy: 'Delete',
      claimRef: {
        kind: 'PersistentVolumeClaim',
        namespace: metadata?.namespace,
        name: metadata?.name,
        uid: metadata?.uid,
      },
      local: { path },
      nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [onNode] }] } },
    },
  };
}
