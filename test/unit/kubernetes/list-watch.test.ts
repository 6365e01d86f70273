import { KubeConfig, Watch } from '@kubernetes/client-node';
import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { listAndWatch, type ListWatch } from '../../../src/kubernetes/list-watch.js';
import { eventually } from '../../support/eventually.js';

describe('a watch that the server takes and never answers', () => {
  let server: Server;
  let watch: Watch;

  before(async () => {
    server = createServer(() => undefined);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const config = new KubeConfig();
    const { port } = server.address() as AddressInfo;
    const cluster = { name: 'silent', server: `http://127.0.0.1:${port}`, skipTLSVerify: true };
    config.loadFromClusterAndUser(cluster, { name: 'nobody' });
    watch = new Watch(config);
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });

  const watching = (more: Pick<ListWatch<object>, 'signal' | 'answerMs'>) => {
    const seen = { lists: 0, failures: [] as string[] };
    const ended = listAndWatch({
      watch,
      path: '/api/v1/namespaces/x/pods',
      labelSelector: 'a=b',
      list: async () => ({ metadata: { resourceVersion: '1' }, items: [] }),
      onList: () => (seen.lists += 1),
      onChange: () => undefined,
      onDelete: () => undefined,
      onFailure: (error) => seen.failures.push(String(error)),
      ...more,
    });
    return { seen, ended };
  };

  it('is given up, and all is listed again', async () => {
    const stop = new AbortController();
    const { seen, ended } = watching({ signal: stop.signal, answerMs: 50 });
    await eventually('it lists again', () => seen.lists >= 2, 10_000);
    stop.abort();
    await ended;
    assert.match(seen.failures[0] ?? '', /no answer to a watch within 50 ms/);
  });

  it('holds up nobody who ends', async () => {
    const stop = new AbortController();
    const { seen, ended } = watching({ signal: stop.signal });
    await eventually('it has listed', () => seen.lists === 1, 10_000);
    stop.abort();
    await ended;
    assert.deepEqual(seen.failures, []);
  });
});
