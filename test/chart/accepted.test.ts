import {
  ApiextensionsV1Api,
  KubeConfig,
  KubernetesObjectApi,
  PatchStrategy,
  type KubernetesObject,
  type V1APIResourceList,
  type V1CustomResourceDefinition,
} from '@kubernetes/client-node';
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request, type RequestOptions } from 'node:https';
import { text } from 'node:stream/consumers';
import { eventually } from '../support/eventually.js';
import { CLUSTER_START_TIMEOUT_MS, testCluster } from '../kubernetes/cluster/test-cluster.js';
import { HELM_FETCH_TIMEOUT_MS, helmProgram } from './helm.js';
import { manifests, template, valueSets } from './rendered.js';

/** What a Prometheus operator brings. Stubs of it say that there are such objects, and nothing of what is in them. */
const MONITORING = { PodMonitor: 'podmonitors', PrometheusRule: 'prometheusrules', ServiceMonitor: 'servicemonitors' };
const GROUP = 'monitoring.coreos.com';

/** What no other test shows to an API server, by the set of values that has it. */
const SHOWN_HERE: Readonly<Record<string, readonly string[]>> = {
  everything: ['DaemonSet', 'HorizontalPodAutoscaler', 'PodDisruptionBudget', ...Object.keys(MONITORING)],
  trial: ['StatefulSet'],
};

describe("the chart's manifests, shown to an API server", function () {
  this.timeout(120_000);
  const control = `agentrun-test-${randomBytes(4).toString('hex')}`;
  const runners = `${control}-runners`;
  let config: KubeConfig;
  let made: KubernetesObject[];

  const objects = () => KubernetesObjectApi.makeApiClient(config);

  before(async function () {
    this.timeout(CLUSTER_START_TIMEOUT_MS + HELM_FETCH_TIMEOUT_MS);
    await helmProgram();
    config = new KubeConfig();
    config.loadFromFile((await testCluster()).kubeconfig);
    made = [control, runners].map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } }));
    // A cluster that has an operator of its own has the real ones.
    const { items } = await config.makeApiClient(ApiextensionsV1Api).listCustomResourceDefinition();
    const there = new Set(items.map(({ metadata }) => metadata?.name));
    made.push(...monitoringStubs().filter(({ metadata }) => !there.has(metadata?.name)));
    for (const object of made) await objects().create(object);
    for (const kind of Object.keys(MONITORING)) await eventually(`${kind} is known`, async () => isKnown(kind), 60_000);
  });
  after(async () => {
    for (const object of [...made].reverse()) await objects().delete(object);
  });

  /** A client asks once what there is, and keeps that: each look is by a new one. */
  const isKnown = async (kind: string) =>
    objects()
      .list(`${GROUP}/v1`, kind, control)
      .then(
        () => true,
        () => false,
      );
  /** As `kubectl apply --server-side --dry-run=server`: all is checked and nothing kept, and a field that there is not is refused. */
  const show = async (object: KubernetesObject) => {
    const path = `${await pathOf(object)}?dryRun=All&fieldManager=agentrun-test&force=true`;
    return ask('PATCH', path, object);
  };
  const pathOf = async ({ apiVersion = '', kind, metadata }: KubernetesObject) => {
    const root = `/${apiVersion.includes('/') ? 'apis' : 'api'}/${apiVersion}`;
    const { resources } = (await ask('GET', root)) as V1APIResourceList;
    const resource = resources.find((one) => one.kind === kind && !one.name.includes('/'));
    assert.ok(resource, `the server knows ${kind}`);
    const namespace = resource.namespaced ? `/namespaces/${metadata?.namespace}` : '';
    return `${root}${namespace}/${resource.name}/${metadata?.name}`;
  };
  /** The object as it is: the client's own requests leave out what its models do not know. */
  const ask = async (method: string, path: string, body?: KubernetesObject): Promise<object> => {
    const options: RequestOptions = { method };
    await config.applyToHTTPSOptions(options);
    const sent = request(`${config.getCurrentCluster()?.server}${path}`, options);
    if (body !== undefined) sent.setHeader('content-type', PatchStrategy.ServerSideApply);
    sent.end(body && JSON.stringify(body));
    const [answer] = (await once(sent, 'response')) as [IncomingMessage];
    const said = await text(answer);
    if (answer.statusCode !== 200 && answer.statusCode !== 201) throw new Error(`${answer.statusCode}: ${said}`);
    return JSON.parse(said) as object;
  };
  const objectsOf = async (values: string) => {
    const places = ['--namespace', control, '--set', `runners.namespace=${runners}`];
    return manifests(await template(values, places)) as KubernetesObject[];
  };

  it('are accepted, each of them', async () => {
    for (const values of await valueSets()) {
      const rendered = await objectsOf(values);
      const kinds = rendered.map(({ kind }) => kind);
      for (const kind of SHOWN_HERE[values] ?? []) assert.ok(kinds.includes(kind), `${values} has a ${kind}`);
      for (const object of rendered) {
        await show(object).catch((error: unknown) =>
          assert.fail(`${values}: ${object.kind}/${object.metadata?.name}: ${String(error)}`),
        );
      }
    }
  });

  it('would not be with a field that there is not', async () => {
    const [scaler] = (await objectsOf('everything')).filter(({ kind }) => kind === 'HorizontalPodAutoscaler');
    const { spec, ...rest } = scaler as KubernetesObject & { spec: object };
    const misspelt = { ...rest, spec: { ...spec, maximumReplicas: 4 } } as KubernetesObject;
    await assert.rejects(show(misspelt), /maximumReplicas: field not declared in schema/);
  });
});

function monitoringStubs(): V1CustomResourceDefinition[] {
  return Object.entries(MONITORING).map(([kind, plural]) => ({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${GROUP}` },
    spec: {
      group: GROUP,
      scope: 'Namespaced',
      names: { kind, plural, singular: kind.toLowerCase() },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: 'object', x_kubernetes_preserve_unknown_fields: true } },
        },
      ],
    },
  }));
}
