import { AppsV1Api, KubeConfig } from '@kubernetes/client-node';
import { Client, Connection } from '@temporalio/client';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ClusterFixture } from '../kubernetes/on-cluster/cluster-fixture.js';
import { Api } from '../support/api.js';
import { createEmptyDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { createTestNamespace } from '../support/temporal-server.js';
import { helm } from './helm.js';
import { CHART } from './rendered.js';
import { ServiceRelay } from './service-relay.js';
import { TcpRelay } from './tcp-relay.js';

const RELEASE = 'agentrun';
const SMALL = { requests: { cpu: '10m', memory: '64Mi' }, limits: { memory: '768Mi' } };

/** The chart, installed by helm in a namespace of a test's own; PostgreSQL and Temporal are this machine's. */
export class Installation {
  private constructor(
    readonly fixture: ClusterFixture,
    readonly temporal: { readonly address: string; readonly namespace: string },
    private readonly service: ServiceRelay,
    private readonly values: Record<string, unknown>,
    private readonly closing: readonly (() => Promise<unknown>)[],
  ) {}

  static async create(): Promise<Installation> {
    const fixture = await ClusterFixture.create();
    const pods = fixture.test.pods!;
    const [database, temporal] = [await createEmptyDatabase(), await createTestNamespace()];
    const url = new URL(database.connectionString);
    const [sql, rpc] = [
      await relayTo(pods.hostAddress, `${url.hostname}:${url.port}`),
      await relayTo(pods.hostAddress, temporal.address),
    ];
    url.host = `${sql.host}:${sql.port}`;
    const service = await ServiceRelay.start(
      fixture.test.kubeconfig,
      fixture.namespace,
      'agentrun-mgr',
      pods.hostAddress,
    );
    const values = {
      image: { manager: imageOf(pods.managerImage ?? ''), runner: imageOf(pods.image) },
      database: { url: url.href },
      temporal: { address: `${rpc.host}:${rpc.port}`, namespace: temporal.namespace },
      ...(await partsOf(fixture)),
      migrate: { resources: SMALL },
      runners: {
        serviceAccount: 'agents-runner',
        managerUrl: service.url,
        resources: SMALL,
        storage: { size: '64Mi' },
      },
      settings: { AGENTRUN_RUNNER_IDLE_TIMEOUT_MS: 2_000, AGENTRUN_RUNNER_GRACE_SECONDS: 3 },
    };
    const closing = [
      async () => service.close(),
      async () => sql.close(),
      async () => rpc.close(),
      async () => database.drop(),
    ];
    return new Installation(fixture, temporal, service, values, closing);
  }

  /** Where Pods reach servers of this machine. */
  get hostAddress(): string {
    return this.fixture.test.pods?.hostAddress ?? '';
  }

  /** `helm upgrade --install`, to the end: hooks have run, and Pods are ready. `restart` makes all Pods anew. */
  async apply(restart?: string): Promise<void> {
    const folder = await mkdtemp(join(tmpdir(), 'agentrun-values-'));
    try {
      const file = join(folder, 'values.json');
      await writeFile(file, JSON.stringify(this.values), { mode: 0o600 });
      const annotations = ['api', 'worker'].flatMap((part) => ['--set', `${part}.podAnnotations.restart=${restart}`]);
      const args = ['upgrade', '--install', RELEASE, CHART, '--namespace', this.fixture.namespace, '--values', file];
      const all = [...args, ...(restart === undefined ? [] : annotations), '--wait', '--timeout', '600s'];
      await helm(all, this.fixture.test.kubeconfig);
    } finally {
      await rm(folder, { recursive: true });
    }
  }

  /** Of an operator of all tenants, by the token that the chart made. */
  async api(): Promise<Api> {
    return new Api(this.service.url, (await this.keys())['operator-token']);
  }

  async keys(): Promise<Record<string, string>> {
    const { namespace } = this.fixture;
    const { data = {} } = await this.fixture.cluster.core.readNamespacedSecret({ name: 'agentrun-keys', namespace });
    return Object.fromEntries(
      Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]),
    );
  }

  /** Names of the Pods of a part that are there. */
  async podsOf(component: 'api' | 'worker'): Promise<string[]> {
    const labelSelector = `app.kubernetes.io/name=agentrun,app.kubernetes.io/component=${component}`;
    const query = { namespace: this.fixture.namespace, labelSelector };
    const { items } = await this.fixture.cluster.core.listNamespacedPod(query);
    return items.map(({ metadata }) => metadata?.name ?? '');
  }

  /** The Pod whose worker holds the watch of runner Jobs now. */
  async workerThatWatches(): Promise<string> {
    const connection = await Connection.connect({ address: this.temporal.address });
    try {
      const client = new Client({ connection, namespace: this.temporal.namespace });
      return await eventually('the watch has a worker', async () => {
        const { raw } = await client.workflow.getHandle('watch:runners').describe();
        const [watch] = raw.pendingActivities ?? [];
        // `<pid>@<host>`, and a Pod's host name is its name.
        return Number(watch?.state) === STARTED ? watch?.lastWorkerIdentity?.split('@')[1] : undefined;
      });
    } finally {
      await connection.close();
    }
  }

  /** As when its Node loses power. */
  async killPod(name: string): Promise<void> {
    const { namespace, cluster } = this.fixture;
    await cluster.core.deleteNamespacedPod({ name, namespace, gracePeriodSeconds: 0 });
  }

  async readyReplicas(): Promise<Record<string, number>> {
    const config = new KubeConfig();
    config.loadFromFile(this.fixture.test.kubeconfig);
    const { items } = await config
      .makeApiClient(AppsV1Api)
      .listNamespacedDeployment({ namespace: this.fixture.namespace });
    return Object.fromEntries(items.map(({ metadata, status }) => [metadata?.name, status?.readyReplicas ?? 0]));
  }

  /** What it said, for a test that failed. */
  async logs(component: 'api' | 'worker'): Promise<string> {
    const { namespace } = this.fixture;
    const texts = (await this.podsOf(component)).map(async (name) =>
      this.fixture.cluster.core.readNamespacedPodLog({ name, namespace, tailLines: 40 }).catch(String),
    );
    return (await Promise.all(texts)).join('\n');
  }

  async remove(): Promise<void> {
    const { namespace, test } = this.fixture;
    await helm(['uninstall', RELEASE, '--namespace', namespace, '--wait', '--ignore-not-found'], test.kubeconfig);
    // With what runs left there, as whoever takes an installation down for good.
    await this.fixture.cluster.core.deleteNamespace({ name: namespace });
    for (const close of this.closing) await close();
  }
}

/** Temporal's word for a pending activity that a worker has. */
const STARTED = 2;

async function relayTo(host: string, address: string): Promise<TcpRelay> {
  const [name = '', port] = address.split(':');
  return TcpRelay.listen(host, () => ({ host: name, port: Number(port) }));
}

function imageOf(name: string): { repository: string; tag: string } {
  const at = name.lastIndexOf(':');
  return { repository: name.slice(0, at), tag: name.slice(at + 1) };
}

/** Without a Service's network, Pods are told where the cluster's API is. */
async function partsOf({ test }: ClusterFixture): Promise<Record<'api' | 'worker', unknown>> {
  const { clusters } = JSON.parse(await readFile(test.kubeconfig, 'utf8')) as {
    clusters: { cluster: { server: string } }[];
  };
  const server = new URL(clusters[0]?.cluster.server ?? '');
  const extraEnv = [
    { name: 'KUBERNETES_SERVICE_HOST', value: server.hostname },
    { name: 'KUBERNETES_SERVICE_PORT', value: server.port },
  ];
  // On a slow machine a relay hears of a Pod that goes seconds later.
  return { api: { extraEnv, resources: SMALL, shutdownDelayMs: 15_000 }, worker: { extraEnv, resources: SMALL } };
}
