import type { V1PersistentVolumeClaim } from '@kubernetes/client-node';
import { setTimeout as delay } from 'node:timers/promises';
import { unavailable } from '../domain/errors.js';
import type { Volumes, VolumeView } from '../ports/runner-platform.js';
import { asked, statusOf, unlessMissing } from './api-errors.js';
import type { Cluster } from './cluster.js';
import { LABELS, labelValue, ownLabels } from './marks.js';
import { quantityBytes } from './quantity.js';

export interface VolumeSettings {
  readonly namespace: string;
  readonly lane: string;
  /** Null takes the cluster's default. */
  readonly storageClass: string | null;
  /** A quantity, as `10Gi`. */
  readonly size: string;
  readonly accessMode: string;
}

/** How long one call waits for a claim to be gone; whoever asked tries again. */
const GONE_TIMEOUT_MS = 60_000;
const LOOK_MS = 200;

/** Volumes as PersistentVolumeClaims. */
export class KubernetesVolumes implements Volumes {
  constructor(
    private readonly cluster: Pick<Cluster, 'core'>,
    private readonly settings: VolumeSettings,
    /** Ended Jobs hold their volume: frees it of those. */
    private readonly release: (volumeName: string) => Promise<void>,
    private readonly goneTimeoutMs = GONE_TIMEOUT_MS,
  ) {}

  async ensure(name: string): Promise<VolumeView> {
    const there = await this.#read(name);
    // A claim on its way out takes no further Pod; the next one can be made when it is gone.
    if (there?.metadata?.deletionTimestamp !== undefined) {
      throw unavailable('platform', undefined, `the volume ${name} is being deleted; try again`);
    }
    return viewOf(there ?? (await this.#create(name)));
  }

  async describe(name: string): Promise<VolumeView | undefined> {
    const claim = await this.#read(name);
    return claim && viewOf(claim);
  }

  /** Deletes the claim; resolves when the cluster no longer knows it, which is when no Pod uses it any more. */
  async delete(name: string): Promise<void> {
    const { namespace } = this.settings;
    const request = this.cluster.core.deleteNamespacedPersistentVolumeClaim({ name, namespace });
    await asked(`the deletion of volume ${name}`, unlessMissing(request));
    if ((await this.#read(name)) === undefined) return;
    await this.release(name);
    for (const giveUpAt = performance.now() + this.goneTimeoutMs; performance.now() < giveUpAt;) {
      if ((await this.#read(name)) === undefined) return;
      await delay(LOOK_MS);
    }
    throw unavailable('platform', undefined, `the volume ${name} is still there; it goes when no Pod uses it any more`);
  }

  async #read(name: string): Promise<V1PersistentVolumeClaim | undefined> {
    const { namespace } = this.settings;
    const request = this.cluster.core.readNamespacedPersistentVolumeClaim({ name, namespace });
    return asked(`to read volume ${name}`, unlessMissing(request));
  }

  /** Somebody else may make it at the same time: then that is the one. */
  async #create(name: string): Promise<V1PersistentVolumeClaim> {
    const { namespace } = this.settings;
    const body = volumeClaimSpec(name, this.settings);
    const request = this.cluster.core.createNamespacedPersistentVolumeClaim({ namespace, body });
    const made = request.catch(async (error: unknown) => {
      if (statusOf(error) !== 409) throw error;
      return this.cluster.core.readNamespacedPersistentVolumeClaim({ name, namespace });
    });
    return asked(`volume ${name} of ${this.settings.size}`, made);
  }
}

/** Pure: the claim as it is asked for. */
function volumeClaimSpec(name: string, settings: VolumeSettings): V1PersistentVolumeClaim {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: {
      name,
      namespace: settings.namespace,
      labels: { ...ownLabels(settings.lane, 'volume'), [LABELS.volume]: labelValue(name) },
    },
    spec: {
      accessModes: [settings.accessMode],
      resources: { requests: { storage: settings.size } },
      ...(settings.storageClass !== null && { storageClassName: settings.storageClass }),
    },
  };
}

/** A claim may be given more than it asked for. */
function viewOf(claim: V1PersistentVolumeClaim): VolumeView {
  const phase = claim.status?.phase;
  const size = claim.status?.capacity?.['storage'] ?? claim.spec?.resources?.requests?.['storage'];
  return {
    name: claim.metadata?.name ?? '',
    phase: phase === 'Bound' || phase === 'Lost' ? phase : 'Pending',
    quotaBytes: quantityBytes(size),
  };
}
