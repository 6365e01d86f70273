import { KubeConfig, StorageV1Api } from '@kubernetes/client-node';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { connectCluster, type Cluster } from '../../../src/kubernetes/cluster.js';
import { freePorts } from '../../../src/processes/free-port.js';
import { processIdentity } from '../../../src/processes/process-identity.js';
import { stopAtEnd } from '../../support/shared.js';
import { CONTROL_PLANE, ensureBinaries, NODE } from './build-binaries.js';
import { clusterCache } from './cache.js';
import { startControlPlane, type ControlPlane, type ControlPlanePorts } from './control-plane.js';
import { openNodeNamespace } from './node-namespace.js';
import { startNode } from './node.js';
import { pauseImage } from './pause-image.js';
import { productImages } from './product-images.js';
import { TestServer, type ServerSpec } from './test-server.js';
import { createStorageClass, VolumeProvisioner } from './volume-provisioner.js';

/** A cluster for tests. */
export interface TestCluster {
  readonly kubeconfig: string;
  readonly cluster: Cluster;
  /** Where Pods run, and what they need for it; undefined where there is no Node: then there is an API with its controllers only. */
  readonly pods: PodsReady | undefined;
  /** Of the API server, where it is ours to take away. */
  readonly apiServer: TestServer | undefined;
}

export interface PodsReady {
  /** The runner's. */
  readonly image: string;
  /** API and worker; undefined where none is named. */
  readonly managerImage: string | undefined;
  /** Where Pods reach servers of this machine. */
  readonly hostAddress: string;
}

type Say = (line: string) => void;
const say: Say = (line) => console.log(`[kubernetes] ${line}`);

let shared: Promise<TestCluster> | undefined;

/** The cluster that all test files of this process share; started when first needed, and gone after the last test. */
export function testCluster(): Promise<TestCluster> {
  return (shared ??= process.env['KUBECONFIG'] ? givenCluster(process.env['KUBECONFIG']) : ownCluster());
}

/** Whether Pods really run there; known before it is started, since tests are declared by it. */
export function hasPods(): boolean {
  const given = ['AGENTRUN_TEST_RUNNER_IMAGE', 'AGENTRUN_TEST_HOST_ADDRESS'].every((name) => process.env[name]);
  return process.env['KUBECONFIG'] ? given : whyNoNode() === undefined;
}

/** Whether parts of it may be taken away. */
export function ownsCluster(): boolean {
  return !process.env['KUBECONFIG'];
}

/** How long a first start may take: everything is built then. */
export const CLUSTER_START_TIMEOUT_MS = 25 * 60_000;

/** Any cluster: kind, minikube, one of yours. Its Pods take part where an image and an address of this machine are named. */
async function givenCluster(kubeconfig: string): Promise<TestCluster> {
  const cluster = await connectCluster({ kubeconfig });
  stopAtEnd(async () => cluster.close());
  const image = process.env['AGENTRUN_TEST_RUNNER_IMAGE'];
  const hostAddress = process.env['AGENTRUN_TEST_HOST_ADDRESS'];
  const managerImage = process.env['AGENTRUN_TEST_MANAGER_IMAGE'];
  const pods = image && hostAddress ? { image, managerImage, hostAddress } : undefined;
  say(`the cluster of ${kubeconfig}; ${pods ? 'Pods run' : NO_PODS_THERE}`);
  return { kubeconfig, cluster, pods, apiServer: undefined };
}

const NO_PODS_THERE =
  'no Pods: AGENTRUN_TEST_RUNNER_IMAGE and AGENTRUN_TEST_HOST_ADDRESS are not both set, so only the API and its controllers are tested';

async function ownCluster(): Promise<TestCluster> {
  const missing = whyNoNode();
  say(missing === undefined ? 'a cluster of our own, with a real kubelet' : `API and controllers only: ${missing}`);
  const startedAt = performance.now();
  await ensureBinaries(missing === undefined ? [...CONTROL_PLANE, ...NODE] : CONTROL_PLANE, say);
  const folder = await runFolder();
  stopAtEnd(async () => removeLater(folder));
  const started = missing === undefined ? await withNode(folder) : await withoutNode(folder);
  say(`up in ${((performance.now() - startedAt) / 1_000).toFixed(1)} s`);
  return started;
}

/** Goes with this process; what killed ones left goes now. */
async function runFolder(): Promise<string> {
  const runs = join(clusterCache, 'run');
  await mkdir(runs, { recursive: true });
  for (const name of await readdir(runs)) {
    if (processIdentity(Number(name.split('-')[0])) === undefined) removeLater(join(runs, name));
  }
  return mkdtemp(join(runs, `${process.pid}-`));
}

/** A Node leaves thousands of files: nobody waits for them to go. */
function removeLater(folder: string): void {
  spawn('rm', ['-rf', folder], { detached: true, stdio: 'ignore' }).unref();
}

const NODE_PROGRAMS = ['containerd', 'ctr', 'runc', 'ip', 'nsenter', 'unshare'];

function whyNoNode(): string | undefined {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'a kubelet needs root';
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const missing = NODE_PROGRAMS.filter((name) => !folders.some((folder) => existsSync(join(folder, name))));
  return missing.length === 0 ? undefined : `a kubelet needs ${missing.join(', ')}`;
}

async function withoutNode(folder: string): Promise<TestCluster> {
  const [api = 0, etcd = 0, etcdPeer = 0, controllers = 0, scheduler = 0] = await freePorts(5);
  const ports = { api, etcd, etcdPeer, controllers, scheduler };
  const start = starter(folder, (spec) => spec);
  const plane = await startControlPlane(folder, '127.0.0.1', ports, start);
  return finish(folder, plane, undefined);
}

/** Everything in a network of its own: no port of this machine is taken. */
async function withNode(folder: string): Promise<TestCluster> {
  const namespace = await openNodeNamespace(folder);
  stopAtEnd(async () => namespace.end());
  const ports: ControlPlanePorts = { api: 6443, etcd: 2379, etcdPeer: 2380, controllers: 10257, scheduler: 10259 };
  const start = starter(folder, (spec) => spec);
  const plane = await startControlPlane(folder, namespace.nodeAddress, ports, async (spec) =>
    start(namespace.onNetwork(spec)),
  );
  const node = await startNode({
    folder,
    namespace,
    server: `https://${namespace.nodeAddress}:${ports.api}`,
    kubeconfigs: plane.kubeconfigs,
    pauseImage: await pauseImage(folder),
    start,
  });
  stopAtEnd(async () => {
    await namespace.end();
    await node.sweep();
  });
  const images = await productImages(folder);
  await node.importImage(images.tar);
  const { manager, runner: image } = images;
  return finish(folder, plane, { image, managerImage: manager, hostAddress: namespace.hostAddress });
}

function starter(folder: string, wrap: (spec: ServerSpec) => ServerSpec) {
  return async (spec: ServerSpec): Promise<TestServer> => {
    const server = await TestServer.start(wrap(spec), folder);
    stopAtEnd(async () => server.kill());
    return server;
  };
}

async function finish(folder: string, plane: ControlPlane, pods: PodsReady | undefined): Promise<TestCluster> {
  const kubeconfig = plane.kubeconfigs.admin;
  const cluster = await connectCluster({ kubeconfig });
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  const storage = config.makeApiClient(StorageV1Api);
  await createStorageClass(async (body) => storage.createStorageClass({ body }));
  const provisioner = new VolumeProvisioner(cluster, join(folder, 'volumes'));
  provisioner.start();
  stopAtEnd(async () => {
    await provisioner.stop();
    cluster.close();
  });
  return { kubeconfig, cluster, pods, apiServer: plane.apiServer };
}
