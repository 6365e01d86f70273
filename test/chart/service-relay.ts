import { DiscoveryV1Api, KubeConfig } from '@kubernetes/client-node';
import { setTimeout as delay } from 'node:timers/promises';
import { TcpRelay, type Target } from './tcp-relay.js';

const LOOK_MS = 100;

/**
 * What a cluster's network does for a Service, where the cluster has none: new connections go by turns to the endpoints that the cluster
 * itself says are ready. Unlike there, it is at an address of this machine.
 */
export class ServiceRelay {
  readonly #stopping = new AbortController();
  #working: Promise<void> = Promise.resolve();
  #ready: readonly Target[] = [];
  #turn = 0;
  #relay!: TcpRelay;

  static async start(kubeconfig: string, namespace: string, service: string, host: string): Promise<ServiceRelay> {
    const relay = new ServiceRelay();
    relay.#relay = await TcpRelay.listen(host, () => relay.#next());
    const config = new KubeConfig();
    config.loadFromFile(kubeconfig);
    relay.#working = relay.#follow(config.makeApiClient(DiscoveryV1Api), namespace, service);
    return relay;
  }

  get url(): string {
    return `http://${this.#relay.host}:${this.#relay.port}`;
  }

  async close(): Promise<void> {
    this.#stopping.abort();
    await this.#working;
    await this.#relay.close();
  }

  #next(): Target | undefined {
    this.#turn += 1;
    return this.#ready[this.#turn % this.#ready.length];
  }

  async #follow(discovery: DiscoveryV1Api, namespace: string, service: string): Promise<void> {
    const { signal } = this.#stopping;
    const query = { namespace, labelSelector: `kubernetes.io/service-name=${service}` };
    while (!signal.aborted) {
      const slices = await discovery.listNamespacedEndpointSlice(query).catch(() => undefined);
      if (slices !== undefined) this.#ready = slices.items.flatMap(targets);
      await delay(LOOK_MS, undefined, { signal }).catch(() => undefined);
    }
  }
}

function targets({ endpoints, ports }: Awaited<ReturnType<DiscoveryV1Api['listNamespacedEndpointSlice']>>['items'][0]) {
  const port = ports?.[0]?.port ?? 0;
  const ready = (endpoints ?? []).filter(({ conditions }) => conditions?.ready === true);
  return ready.flatMap(({ addresses }) => addresses.map((host) => ({ host, port })));
}
