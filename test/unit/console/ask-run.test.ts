import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AgentRun } from '../../../src/client/index.js';
import { askRun } from '../../../src/console/api/ask-run.js';

describe('what a page asks of a run', () => {
  let lastCommandSeq: number;
  let server: Server;
  let client: AgentRun;

  beforeEach(async () => {
    server = createServer(({ url = '/' }, response) => {
      const { pathname, searchParams } = new URL(url, 'http://run.test');
      const data = pathname.endsWith('/commands') ? { items: commands(searchParams) } : { lastCommandSeq };
      response.setHeader('content-type', 'application/json').end(JSON.stringify({ ok: true, data }));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    client = new AgentRun({ baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
  });
  afterEach(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });

  function commands(query: URLSearchParams): { seq: number }[] {
    const all = Array.from({ length: lastCommandSeq }, (_, index) => ({ seq: index + 1 }));
    return all.filter(({ seq }) => seq > Number(query.get('afterSeq'))).slice(0, Number(query.get('limit')));
  }

  const seqs = async () => (await askRun(client, 'run_1')).commands.map(({ seq }) => seq);

  it('has all of its commands where they are few', async () => {
    lastCommandSeq = 3;
    assert.deepEqual(await seqs(), [1, 2, 3]);
  });

  it('has the newest of its commands where they are many', async () => {
    lastCommandSeq = 700;
    const all = await seqs();
    assert.deepEqual([all.length, all[0], all.at(-1)], [500, 201, 700]);
  });
});
