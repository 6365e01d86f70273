import { execa } from 'execa';
import { readFile } from 'node:fs/promises';
import { eventually } from '../../support/eventually.js';
import { TestServer, type ServerSpec } from './test-server.js';

/**
 * Where a Node lives: network, mounts and processes of its own, joined to this machine by one pair of interfaces. Ending its first process
 * ends every container in it, and takes mounts, interfaces and routes along.
 */
export interface NodeNamespace {
  readonly hostAddress: string;
  readonly nodeAddress: string;
  readonly podNetwork: string;
  /** Wraps a command so that it runs in there, processes and mounts too. */
  inside(spec: ServerSpec): ServerSpec;
  /** The same with the network alone: the command stays a child that can be signalled. */
  onNetwork(spec: ServerSpec): ServerSpec;
  end(): Promise<void>;
}

const SUBNETS = Array.from({ length: 16 }, (_, index) => 200 + index);

/** Mounts must be shared within, as on any Node; what is known to be written outside the state folder is put in memory. */
const FIRST_PROCESS = `
set -e
mount --make-rshared /
for folder in /run/containerd /run/netns /var/log/containers; do mkdir -p "$folder"; mount -t tmpfs none "$folder"; done
ip link set lo up
echo ready
exec sleep infinity
`;

/** Needs root. Takes the first subnet that no other test cluster of this machine has. */
export async function openNodeNamespace(folder: string): Promise<NodeNamespace> {
  const first = await TestServer.start(
    {
      name: 'node-namespace',
      command: 'unshare',
      args: ['--net', '--mount', '--pid', '--mount-proc', '--fork', '--kill-child=KILL', 'sh', '-c', FIRST_PROCESS],
    },
    folder,
  );
  const pid = await eventually('the namespace has a process', async () => childOf(first.pid), 5_000);
  await eventually('the namespace is ready', async () => (await commandOf(pid)).startsWith('sleep'), 5_000);
  const subnet = await joinNetworks(pid);
  const enter = (flags: readonly string[], { name, command, args }: ServerSpec) => ({
    name,
    command: 'nsenter',
    args: ['--target', String(pid), ...flags, '--', command, ...args],
  });
  return {
    hostAddress: `10.${subnet}.0.1`,
    nodeAddress: `10.${subnet}.0.2`,
    podNetwork: `10.${subnet}.1.0/24`,
    inside: (spec) => enter(['--net', '--mount', '--pid'], spec),
    onNetwork: (spec) => enter(['--net'], spec),
    end: async () => first.kill(),
  };
}

async function joinNetworks(pid: number): Promise<number> {
  for (const subnet of SUBNETS) if (await isJoined(pid, subnet)) return subnet;
  throw new Error('every subnet for test clusters is taken; some test of this machine left its own');
}

/** The interface's name is the lock: two clusters cannot both make it. */
async function isJoined(pid: number, subnet: number): Promise<boolean> {
  const host = `agentrun-k${subnet}`;
  const made = await execa('ip', ['link', 'add', host, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', String(pid)], {
    reject: false,
  });
  if (made.exitCode !== 0) {
    if (/File exists/.test(made.stderr)) return false;
    throw new Error(`no pair of interfaces for the test cluster: ${made.stderr}`);
  }
  await execa('ip', ['addr', 'add', `10.${subnet}.0.1/24`, 'dev', host]);
  await execa('ip', ['link', 'set', host, 'up']);
  const setUp = [
    `ip addr add 10.${subnet}.0.2/24 dev eth0`,
    'ip link set eth0 up',
    `ip route add default via 10.${subnet}.0.1`,
    'echo 1 >/proc/sys/net/ipv4/ip_forward',
  ].join(' && ');
  await execa('nsenter', ['--target', String(pid), '--net', '--mount', '--pid', '--', 'sh', '-c', setUp]);
  await execa('ip', ['route', 'replace', `10.${subnet}.1.0/24`, 'via', `10.${subnet}.0.2`]);
  return true;
}

async function childOf(pid: number): Promise<number | undefined> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  return Number(text.trim().split(' ')[0]) || undefined;
}

async function commandOf(pid: number): Promise<string> {
  return (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).replaceAll('\0', ' ');
}
