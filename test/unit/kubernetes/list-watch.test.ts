import { KubeConfig, Watch, type KubernetesObject } from '@kubernetes/client-node';
import assert from 'node:assert/strict';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { listAndWatch, type ListWatch } from '../../../src/kubernetes/list-watch.js';
import { eventually } from '../../support/eventually.js';

describe('a watch', () => {
  let server: Server;
  let watch: Watch;
  let answer: RequestListener;

  before(async () => {
    server = createServer((request, response) => answer(request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const config = new KubeConfig();
    const { port } = server.address() as AddressInfo;
    const cluster = { name: 'scripted', server: `http://127.0.0.1:${port}`, skipTLSVerify: true };
    config.loadFromClusterAndUser(cluster, { name: 'nobody' });
    watch = new Watch(config);
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });

  /** Lists answer the versions 100, 200 and so on. */
  const watching = (more: Pick<ListWatch<object>, 'signal' | 'answerMs'>) => {
    const seen = { lists: 0, changes: [] as (string | undefined)[], failures: [] as string[] };
    const ended = listAndWatch<KubernetesObject>({
      watch,
      path: '/api/v1/namespaces/x/pods',
      labelSelector: 'a=b',
      list: async () => ({ metadata: { resourceVersion: String((seen.lists + 1) * 100) }, items: [] }),
      onList: () => (seen.lists += 1),
      onChange: ({ metadata }) => seen.changes.push(metadata?.name),
      onDelete: () => undefined,
      onFailure: (error) => seen.failures.push(String(error)),
      ...more,
    });
    return { seen, ended };
  };

  describe('that the server takes and never answers', () => {
    before(() => (answer = () => undefined));

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

  describe('that the server ends', () => {
    /** One request after the other is answered so; later ones stay open. Answers from where each asked to be told, and what became of it. */
    const afterEnds = async (...ends: readonly (number | object)[]) => {
      const from: (string | null)[] = [];
      answer = ({ url = '' }, response) => {
        const end = ends[from.length];
        from.push(new URL(url, 'http://cluster').searchParams.get('resourceVersion'));
        if (typeof end === 'number') response.writeHead(end).end();
        else if (end !== undefined) response.end(`${JSON.stringify(end)}\n`);
        else response.flushHeaders();
      };
      const stop = new AbortController();
      const { seen, ended } = watching({ signal: stop.signal });
      await eventually('it has asked once more', () => from.length > ends.length);
      stop.abort();
      await ended;
      return { ...seen, from };
    };
    const event = (type: string, resourceVersion: string) => ({
      type,
      object: { metadata: { name: `at-${resourceVersion}`, resourceVersion } },
    });
    const expired = { type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired' } };

    it('goes on from the last change, or from a later bookmark, which is no change', async () => {
      const { from, lists, changes, failures } = await afterEnds(event('MODIFIED', '103'), event('BOOKMARK', '150'));
      assert.deepEqual(from, ['100', '103', '150']);
      assert.deepEqual([lists, changes, failures], [1, ['at-103'], []]);
    });

    it('lists anew where the server no longer knows the place, whether it says so at once or in the midst of it', async () => {
      const { from, lists, failures } = await afterEnds(event('BOOKMARK', '150'), 410, expired);
      assert.deepEqual(from, ['100', '150', '200', '300']);
      assert.deepEqual([lists, failures], [3, []]);
    });
  });
});
