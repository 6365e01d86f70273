import type { V1Secret } from '@kubernetes/client-node';
import { SECRET_KINDS, secretKey, type SecretFields, type SecretKind, type SecretRef } from '../domain/secrets.js';
import { unavailable } from '../domain/errors.js';
import type { SecretBundle, SecretStore } from '../ports/secret-store.js';
import { asked, statusOf, unlessMissing } from './api-errors.js';
import type { Cluster } from './cluster.js';
import { ANNOTATIONS, LABELS, ownLabels, secretObjectName, selector } from './marks.js';
import { timeMs } from './times.js';

type Changes = Readonly<Record<string, string | null>>;

const TRIES = 10;

/** Bundles as Secrets of the runners' namespace, a Secret a bundle: a runner's Pod is handed them by their names. */
export class KubernetesSecrets implements SecretStore {
  constructor(
    private readonly cluster: Pick<Cluster, 'core'>,
    private readonly namespace: string,
    private readonly lane: string,
  ) {}

  /** Others may change it at the same time, from any process: each change is made on what the last one left. */
  async merge(ref: SecretRef, changes: Changes): Promise<SecretBundle> {
    for (let tries = 0; tries < TRIES; tries += 1) {
      const merged = await this.#tryMerge(ref, changes);
      if (merged !== undefined) return merged;
    }
    throw unavailable('platform', undefined, `${secretKey(ref)} is being changed by others; try again`);
  }

  async read(ref: SecretRef): Promise<SecretBundle | undefined> {
    const secret = await this.#read(ref);
    return secret && bundleOf(ref, secret);
  }

  async list(kind: SecretKind): Promise<SecretBundle[]> {
    const labelSelector = selector({ ...ownLabels(this.lane, 'secret'), [LABELS.secretKind]: kind });
    const request = this.cluster.core.listNamespacedSecret({ namespace: this.namespace, labelSelector });
    const { items } = await asked('the list of secrets', request);
    const bundles = items.flatMap((secret) => {
      const ref = refOf(secret);
      return ref === undefined ? [] : bundleOf(ref, secret);
    });
    return bundles.sort((a, b) => (a.ref.name < b.ref.name ? -1 : Number(a.ref.name > b.ref.name)));
  }

  async delete(ref: SecretRef): Promise<boolean> {
    const [name, namespace] = [secretObjectName(this.lane, ref), this.namespace];
    const request = unlessMissing(this.cluster.core.deleteNamespacedSecret({ name, namespace }));
    return (await asked(`the deletion of ${secretKey(ref)}`, request)) !== undefined;
  }

  /** Undefined when somebody was faster. */
  async #tryMerge(ref: SecretRef, changes: Changes): Promise<SecretBundle | undefined> {
    const before = await this.#read(ref);
    const entries = Object.entries({ ...(before && fieldsOf(before)), ...changes });
    const fields = Object.fromEntries(entries.filter((entry): entry is [string, string] => entry[1] !== null));
    const bundle = { ref, fields, updatedAtMs: Date.now() };
    const body = secretSpec(bundle, this.namespace, this.lane, before?.metadata?.resourceVersion);
    try {
      if (before === undefined) await this.cluster.core.createNamespacedSecret({ namespace: this.namespace, body });
      else await this.#replace(body);
      return bundle;
    } catch (error) {
      if (statusOf(error) === 409 || (before !== undefined && statusOf(error) === 404)) return undefined;
      return asked(`to keep ${secretKey(ref)}`, Promise.reject(error as Error));
    }
  }

  async #replace(body: V1Secret): Promise<void> {
    const name = body.metadata?.name ?? '';
    await this.cluster.core.replaceNamespacedSecret({ name, namespace: this.namespace, body });
  }

  async #read(ref: SecretRef): Promise<V1Secret | undefined> {
    const [name, namespace] = [secretObjectName(this.lane, ref), this.namespace];
    return asked(
      `to read ${secretKey(ref)}`,
      unlessMissing(this.cluster.core.readNamespacedSecret({ name, namespace })),
    );
  }
}

function secretSpec(bundle: SecretBundle, namespace: string, lane: string, resourceVersion?: string): V1Secret {
  const { ref, fields, updatedAtMs } = bundle;
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'Opaque',
    metadata: {
      name: secretObjectName(lane, ref),
      namespace,
      labels: { ...ownLabels(lane, 'secret'), [LABELS.secretKind]: ref.kind },
      annotations: {
        [ANNOTATIONS.secretName]: ref.name,
        [ANNOTATIONS.updatedAt]: new Date(updatedAtMs).toISOString(),
      },
      ...(resourceVersion !== undefined && { resourceVersion }),
    },
    data: Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, toBase64(value)])),
  };
}

/** Which bundle a Secret says that it is; undefined for one that is none. */
function refOf({ metadata }: V1Secret): SecretRef | undefined {
  const kind = SECRET_KINDS.find((known) => known === metadata?.labels?.[LABELS.secretKind]);
  const name = metadata?.annotations?.[ANNOTATIONS.secretName];
  return kind === undefined || name === undefined ? undefined : { kind, name };
}

function bundleOf(ref: SecretRef, secret: V1Secret): SecretBundle {
  const updatedAt = secret.metadata?.annotations?.[ANNOTATIONS.updatedAt];
  const updatedAtMs = Date.parse(updatedAt ?? '') || (timeMs(secret.metadata?.creationTimestamp) ?? 0);
  return { ref, fields: fieldsOf(secret), updatedAtMs };
}

function fieldsOf({ data = {} }: V1Secret): SecretFields {
  return Object.fromEntries(
    Object.entries(data).map(([name, value]) => [name, Buffer.from(value, 'base64').toString('utf8')]),
  );
}

export function toBase64(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64');
}
