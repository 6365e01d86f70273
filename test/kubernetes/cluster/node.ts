import { execa } from 'execa';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { binaryPath } from './build-binaries.js';
import { NODE_NAME } from './kubeconfig.js';
import type { NodeNamespace } from './node-namespace.js';
import { PAUSE_IMAGE } from './pause-image.js';
import { answersOver, type Starter } from './test-server.js';

export interface TestNode {
  /** Takes an image from a tar in OCI's layout, under the name that the tar gives it. */
  importImage(tar: string): Promise<void>;
  /** What it left in the machine's control groups. */
  sweep(): Promise<void>;
}

export interface NodeOptions {
  readonly folder: string;
  readonly namespace: NodeNamespace;
  readonly server: string;
  readonly kubeconfigs: { readonly node: string; readonly admin: string };
  readonly pauseImage: string;
  readonly start: Starter;
}

/** containerd and a kubelet: a Node that really runs what is scheduled to it. */
export async function startNode(options: NodeOptions): Promise<TestNode> {
  const { folder, namespace, start } = options;
  const cgroup = `agentrun-test-${process.pid}`;
  await makeCgroups(cgroup);
  const containerd = await start(namespace.inside(await containerdSpec(folder, namespace)));
  const socket = join(folder, 'containerd.sock');
  const ctr = async (...args: string[]) =>
    execa('ctr', ['--address', socket, '--namespace', 'k8s.io', ...args], { timeout: 120_000 });
  await containerd.ready(async () => ctr('version'), 30_000);
  const importImage = async (tar: string) => {
    await ctr('images', 'import', tar);
  };
  await importImage(options.pauseImage);
  const kubelet = await start(namespace.inside(await kubeletSpec(options, cgroup)));
  await kubelet.ready(nodeIsReady(options), 90_000);
  return { importImage, sweep: async () => removeCgroups(cgroup) };
}

async function containerdSpec(folder: string, { podNetwork }: NodeNamespace) {
  const networks = join(folder, 'networks');
  await mkdir(networks, { recursive: true });
  const bridge = {
    type: 'bridge',
    bridge: 'pods0',
    isGateway: true,
    ipMasq: false,
    ipam: {
      type: 'host-local',
      dataDir: join(folder, 'addresses'),
      ranges: [[{ subnet: podNetwork }]],
      routes: [{ dst: '0.0.0.0/0' }],
    },
  };
  const network = { cniVersion: '0.4.0', name: 'pods', plugins: [bridge] };
  await writeFile(join(networks, 'pods.conflist'), JSON.stringify(network));
  const config = join(folder, 'containerd.toml');
  await writeFile(config, containerdConfig(folder, networks));
  return { name: 'containerd', command: 'containerd', args: ['--config', config] };
}

/** A root without CAP_SYS_RESOURCE, as in a container, cannot make a process less likely to be killed when memory runs out. */
function containerdConfig(folder: string, networks: string): string {
  return `
version = 2
root = ${JSON.stringify(join(folder, 'containerd'))}
state = ${JSON.stringify(join(folder, 'containerd-state'))}
disabled_plugins = ["io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs"]
[grpc]
address = ${JSON.stringify(join(folder, 'containerd.sock'))}
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = ${JSON.stringify(PAUSE_IMAGE)}
restrict_oom_score_adj = true
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "/usr/lib/cni"
conf_dir = ${JSON.stringify(networks)}
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
`;
}

async function kubeletSpec({ folder, namespace, kubeconfigs }: NodeOptions, cgroup: string) {
  const config = join(folder, 'kubelet.json');
  await writeFile(config, JSON.stringify(kubeletConfig(folder, namespace, cgroup)));
  await writeFile(join(folder, 'resolv.conf'), `nameserver ${namespace.hostAddress}\n`);
  return {
    name: 'kubelet',
    command: binaryPath('kubelet'),
    args: [
      `--config=${config}`,
      `--kubeconfig=${kubeconfigs.node}`,
      `--root-dir=${join(folder, 'kubelet')}`,
      `--cert-dir=${join(folder, 'kubelet-certificates')}`,
      `--hostname-override=${NODE_NAME}`,
      `--node-ip=${namespace.nodeAddress}`,
    ],
  };
}

function kubeletConfig(folder: string, { nodeAddress, hostAddress }: NodeNamespace, cgroup: string) {
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    address: nodeAddress,
    healthzBindAddress: '127.0.0.1',
    // On addresses of this machine alone, in a cluster that lives as long as the tests.
    authentication: { anonymous: { enabled: true }, webhook: { enabled: false } },
    authorization: { mode: 'AlwaysAllow' },
    containerRuntimeEndpoint: `unix://${join(folder, 'containerd.sock')}`,
    cgroupDriver: 'cgroupfs',
    cgroupRoot: `/${cgroup}`,
    failCgroupV1: false,
    failSwapOn: false,
    podLogsDir: join(folder, 'pod-logs'),
    resolvConf: join(folder, 'resolv.conf'),
    clusterDNS: [hostAddress],
    clusterDomain: 'cluster.local',
    // A test machine's disk may be as full as it likes.
    imageGCHighThresholdPercent: 100,
    imageMinimumGCAge: '24h',
    evictionHard: { 'memory.available': '100Mi', 'nodefs.available': '1%', 'imagefs.available': '1%' },
    makeIPTablesUtilChains: false,
    maxPods: 110,
    serializeImagePulls: false,
  };
}

function nodeIsReady({ server, kubeconfigs }: NodeOptions): () => Promise<void> {
  return async () => {
    const answer = await answersOver(`${server}/api/v1/nodes/${NODE_NAME}`, kubeconfigs.admin)();
    const { status } = JSON.parse(answer) as { status: { conditions?: { type: string; status: string }[] } };
    const isReady = status.conditions?.some(({ type, status: word }) => type === 'Ready' && word === 'True');
    if (!isReady) throw new Error('the Node is not ready');
  };
}

const CGROUPS = '/sys/fs/cgroup';

/** One folder, or with the older kind of control groups one for each controller. */
async function cgroupFolders(name: string): Promise<string[]> {
  const entries = await readdir(CGROUPS, { withFileTypes: true });
  if (entries.some((entry) => entry.name === 'cgroup.controllers')) return [join(CGROUPS, name)];
  return entries.filter((entry) => entry.isDirectory()).map((entry) => join(CGROUPS, entry.name, name));
}

async function makeCgroups(name: string): Promise<void> {
  for (const folder of await cgroupFolders(name)) await mkdir(folder, { recursive: true });
}

async function removeCgroups(name: string): Promise<void> {
  for (const folder of await cgroupFolders(name)) {
    await execa('find', [folder, '-depth', '-type', 'd', '-exec', 'rmdir', '{}', ';'], { reject: false });
  }
}
