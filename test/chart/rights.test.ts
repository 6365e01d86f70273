import assert from 'node:assert/strict';
import { AuthorizationV1Api, KubeConfig, KubernetesObjectApi, type KubernetesObject } from '@kubernetes/client-node';
import { randomBytes } from 'node:crypto';
import { eventually } from '../support/eventually.js';
import { CLUSTER_START_TIMEOUT_MS, testCluster } from '../kubernetes/cluster/test-cluster.js';
import { HELM_FETCH_TIMEOUT_MS, helmProgram } from './helm.js';
import { manifests, render } from './rendered.js';

const VERBS = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection'];

/** What each account may do where runners are. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  'agentrun-api': [
    ...all('batch/jobs', 'list'),
    ...all('/persistentvolumeclaims', 'get create'),
    ...all('/secrets', 'get list create update delete'),
  ],
  'agentrun-worker': [
    ...all('batch/jobs', 'get list watch create patch delete'),
    ...all('/pods', 'list watch delete'),
    ...all('/pods/log', 'get'),
    ...all('/events', 'list'),
    ...all('/persistentvolumeclaims', 'get create delete'),
    ...all('/secrets', 'get list create'),
  ],
  'agentrun-v01-runner': [],
};

/** All of these, and what a thief would look for. */
const RESOURCES = [
  ...['/pods', '/pods/log', '/pods/exec', '/pods/attach', '/pods/ephemeralcontainers', '/pods/eviction', '/events'],
  ...['/secrets', '/configmaps', '/persistentvolumeclaims', '/serviceaccounts', '/serviceaccounts/token', '/services'],
  ...['batch/jobs', 'batch/jobs/finalizers', 'batch/cronjobs', 'apps/deployments', 'apps/daemonsets'],
  ...['rbac.authorization.k8s.io/roles', 'rbac.authorization.k8s.io/rolebindings', 'networking.k8s.io/networkpolicies'],
];
const OF_THE_CLUSTER = [
  '/nodes',
  '/nodes/proxy',
  '/namespaces',
  '/persistentvolumes',
  'rbac.authorization.k8s.io/clusterroles',
];

describe("the chart's accounts", function () {
  this.timeout(120_000);
  const control = `agentrun-test-${randomBytes(4).toString('hex')}`;
  const runners = `${control}-runners`;
  let authorization: AuthorizationV1Api;
  let objects: KubernetesObjectApi;
  let applied: KubernetesObject[];

  before(async function () {
    this.timeout(CLUSTER_START_TIMEOUT_MS + HELM_FETCH_TIMEOUT_MS);
    await helmProgram();
    const config = new KubeConfig();
    config.loadFromFile((await testCluster()).kubeconfig);
    authorization = config.makeApiClient(AuthorizationV1Api);
    objects = KubernetesObjectApi.makeApiClient(config);
    const rendered = manifests(
      await render('minimal', ['--namespace', control, '--set', `runners.namespace=${runners}`]),
    );
    const kinds = ['ServiceAccount', 'Role', 'RoleBinding', 'ClusterRole', 'ClusterRoleBinding'];
    const namespaces = [control, runners].map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } }));
    applied = [...namespaces, ...(rendered.filter(({ kind }) => kinds.includes(kind)) as KubernetesObject[])];
    for (const object of applied) await objects.create(object);
    // The API server answers from caches, which hear of a right a moment later.
    const known = [
      ['agentrun-api', '/secrets', runners],
      ['agentrun-worker', '/secrets', runners],
      ['agentrun-worker', '/nodes', undefined],
    ] as const;
    for (const [account, resource, namespace] of known)
      await eventually(
        `${account} has its rights`,
        async () => (await mayDo(account, control, [resource], namespace)).length > 0,
        60_000,
      );
  });
  after(async () => {
    for (const object of [...applied].reverse()) await objects.delete(object);
  });

  /** What of everything the account may do there, as `group/resource verb`. */
  const mayDo = async (account: string, of: string, resources: readonly string[], namespace?: string) => {
    const asked = resources.flatMap((name) => VERBS.map((verb) => ({ name, verb })));
    const answers = await Promise.all(
      asked.map(async ({ name, verb }) => {
        const [group, resource, subresource] = name.split('/');
        const spec = {
          user: `system:serviceaccount:${of}:${account}`,
          groups: ['system:serviceaccounts', `system:serviceaccounts:${of}`, 'system:authenticated'],
          resourceAttributes: { group, resource, subresource, verb, namespace },
        };
        const { status } = await authorization.createSubjectAccessReview({ body: { spec } });
        return status?.allowed === true;
      }),
    );
    return asked.filter((_, index) => answers[index]).map(({ name, verb }) => `${name} ${verb}`);
  };

  for (const [account, allowed] of Object.entries(ALLOWED)) {
    const of = account.endsWith('runner') ? runners : control;

    it(`lets ${account} do where runners are what it needs, and nothing else`, async () => {
      assert.deepEqual((await mayDo(account, of, RESOURCES, runners)).sort(), [...allowed].sort());
    });

    it(`lets ${account} do nothing where the installation itself is, and nothing to the cluster but read Nodes`, async () => {
      assert.deepEqual(await mayDo(account, of, RESOURCES, control), []);
      const nodes = account === 'agentrun-worker' ? ['/nodes get'] : [];
      assert.deepEqual(await mayDo(account, of, OF_THE_CLUSTER), nodes);
    });
  }
});

function all(resource: string, verbs: string): string[] {
  return verbs.split(' ').map((verb) => `${resource} ${verb}`);
}
