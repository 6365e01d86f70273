import { generateKeyPairSync } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { binaryPath } from './build-binaries.js';
import { writeIdentities } from './kubeconfig.js';
import type { TestServer } from './test-server.js';
import { answersOver, type Starter } from './test-server.js';

export interface ControlPlanePorts {
  readonly api: number;
  readonly etcd: number;
  readonly etcdPeer: number;
  readonly controllers: number;
  readonly scheduler: number;
}

export interface ControlPlane {
  readonly kubeconfigs: Awaited<ReturnType<typeof writeIdentities>>['kubeconfigs'];
  readonly apiServer: TestServer;
}

/** etcd, API server, controllers and scheduler at one address. Servers are started by `start`, wherever that puts them. */
export async function startControlPlane(
  folder: string,
  address: string,
  ports: ControlPlanePorts,
  start: Starter,
): Promise<ControlPlane> {
  const server = `https://${address}:${ports.api}`;
  const { tokensFile, kubeconfigs } = await writeIdentities(folder, server);
  const keyFile = await writeAccountKey(folder);
  await start(etcd(folder, ports));
  const apiServer = await start(api(folder, address, ports, tokensFile, keyFile));
  await apiServer.ready(answersOver(`${server}/readyz`, kubeconfigs.admin), 180_000);
  const others = await Promise.all([
    start(controllers(folder, ports, kubeconfigs.controllers, keyFile)),
    start(scheduler(ports, kubeconfigs.scheduler)),
  ]);
  const first = answersOver(`${server}/api/v1/namespaces/default/serviceaccounts/default`, kubeconfigs.admin);
  await others[0].ready(first, 60_000);
  return { kubeconfigs, apiServer };
}

/** Signs service accounts' tokens. */
async function writeAccountKey(folder: string): Promise<string> {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const path = join(folder, 'service-accounts.pem');
  await writeFile(path, privateKey.export({ type: 'pkcs1', format: 'pem' }), { mode: 0o600 });
  return path;
}

/** Nothing in it has to outlive a crash of the machine. */
function etcd(folder: string, { etcd: client, etcdPeer: peer }: ControlPlanePorts) {
  const [clientUrl, peerUrl] = [`http://127.0.0.1:${client}`, `http://127.0.0.1:${peer}`];
  return {
    name: 'etcd',
    command: binaryPath('etcd'),
    args: [
      `--data-dir=${join(folder, 'etcd')}`,
      '--name=test',
      '--unsafe-no-fsync',
      '--log-level=warn',
      `--listen-client-urls=${clientUrl}`,
      `--advertise-client-urls=${clientUrl}`,
      `--listen-peer-urls=${peerUrl}`,
      `--initial-advertise-peer-urls=${peerUrl}`,
      `--initial-cluster=test=${peerUrl}`,
    ],
  };
}

function api(folder: string, address: string, ports: ControlPlanePorts, tokensFile: string, keyFile: string) {
  return {
    name: 'kube-apiserver',
    command: binaryPath('kube-apiserver'),
    args: [
      `--etcd-servers=http://127.0.0.1:${ports.etcd}`,
      `--bind-address=${address}`,
      `--advertise-address=${address}`,
      // A loopback address is no endpoint, and nobody asks for one.
      '--endpoint-reconciler-type=none',
      `--secure-port=${ports.api}`,
      `--cert-dir=${join(folder, 'api-certificates')}`,
      '--service-cluster-ip-range=10.96.0.0/24',
      `--token-auth-file=${tokensFile}`,
      '--authorization-mode=Node,RBAC',
      '--service-account-issuer=https://kubernetes.default.svc',
      `--service-account-key-file=${keyFile}`,
      `--service-account-signing-key-file=${keyFile}`,
      '--kubelet-preferred-address-types=InternalIP',
      '--profiling=false',
    ],
  };
}

function controllers(folder: string, ports: ControlPlanePorts, kubeconfig: string, keyFile: string) {
  return {
    name: 'kube-controller-manager',
    command: binaryPath('kube-controller-manager'),
    args: [
      `--kubeconfig=${kubeconfig}`,
      '--bind-address=127.0.0.1',
      `--secure-port=${ports.controllers}`,
      `--cert-dir=${join(folder, 'controller-certificates')}`,
      // Pods with a service account check the API server by it.
      `--root-ca-file=${join(folder, 'api-certificates/apiserver.crt')}`,
      '--leader-elect=false',
      '--use-service-account-credentials=true',
      `--service-account-private-key-file=${keyFile}`,
      '--kube-api-qps=200',
      '--kube-api-burst=400',
      '--profiling=false',
    ],
  };
}

function scheduler(ports: ControlPlanePorts, kubeconfig: string) {
  return {
    name: 'kube-scheduler',
    command: binaryPath('kube-scheduler'),
    args: [
      `--kubeconfig=${kubeconfig}`,
      '--bind-address=127.0.0.1',
      `--secure-port=${ports.scheduler}`,
      '--leader-elect=false',
      // A Pod whose claim is bound in the very moment in which it is looked at is else looked at again after five minutes.
      '--pod-max-in-unschedulable-pods-duration=5s',
      '--kube-api-qps=200',
      '--kube-api-burst=400',
      '--profiling=false',
    ],
  };
}
