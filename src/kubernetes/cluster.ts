import { readFile } from 'node:fs/promises';
import { Agent } from 'node:https';
import {
  BatchV1Api,
  CoreV1Api,
  createConfiguration,
  KubeConfig,
  ServerConfiguration,
  Watch,
  type RequestContext,
  type SecurityAuthentication,
} from '@kubernetes/client-node';

/** What the adapter speaks to. */
export interface Cluster {
  readonly core: CoreV1Api;
  readonly batch: BatchV1Api;
  readonly watch: Watch;
  /** The server's address, for messages. */
  readonly server: string;
  close(): void;
}

/** A call that takes longer is one that fails: whoever asked tries again, and a caller of the API gets a fast answer. */
const CALL_TIMEOUT_MS = 10_000;
const IN_CLUSTER_TOKEN = '/var/run/secrets/kubernetes.io/serviceaccount/token';

/** The cluster that this process runs in, or that a kubeconfig names. @throws when neither is to be had. */
export async function connectCluster({ kubeconfig }: { kubeconfig: string | undefined }): Promise<Cluster> {
  const config = new KubeConfig();
  if (kubeconfig !== undefined) config.loadFromFile(kubeconfig);
  else if (await isThere(IN_CLUSTER_TOKEN)) config.loadFromCluster();
  else throw new Error('there is no kubeconfig, and this process does not run in a cluster');
  return clusterOf(config);
}

function clusterOf(config: KubeConfig): Cluster {
  const server = config.getCurrentCluster()?.server;
  if (server === undefined) throw new Error('the kubeconfig names no cluster');
  const connections = new KeptConnections(config);
  const configuration = createConfiguration({
    baseServer: new ServerConfiguration(server, {}),
    authMethods: { default: connections },
    promiseMiddleware: [
      {
        pre: async (request) => {
          request.setSignal(AbortSignal.timeout(CALL_TIMEOUT_MS));
          return request;
        },
        post: async (response) => response,
      },
    ],
  });
  return {
    core: new CoreV1Api(configuration),
    batch: new BatchV1Api(configuration),
    watch: new Watch(config),
    server,
    close: () => connections.close(),
  };
}

/** The client makes an agent per call, and with it a TLS handshake: this keeps one for as long as the credentials stay the same. */
class KeptConnections implements SecurityAuthentication {
  #kept: { readonly key: string; readonly agent: Agent } | undefined;

  constructor(private readonly config: KubeConfig) {}

  getName(): string {
    return this.config.getName();
  }

  async applySecurityAuthentication(request: RequestContext): Promise<void> {
    await this.config.applySecurityAuthentication(request);
    const made = request.getAgent();
    // A proxy's agent is another class, and left as it is.
    if (!(made instanceof Agent) || made.constructor !== Agent) return;
    const { ca, cert, key, pfx, passphrase, rejectUnauthorized, servername } = made.options;
    const identity = JSON.stringify([ca, cert, key, pfx, passphrase, rejectUnauthorized, servername]);
    if (this.#kept?.key !== identity) {
      this.close();
      this.#kept = { key: identity, agent: new Agent({ ...made.options, keepAlive: true, maxSockets: 20 }) };
    }
    request.setAgent(this.#kept.agent);
  }

  close(): void {
    this.#kept?.agent.destroy();
    this.#kept = undefined;
  }
}

async function isThere(path: string): Promise<boolean> {
  return readFile(path).then(
    () => true,
    () => false,
  );
}
