import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { HttpClient } from '../../src/client/http-client.js';
import { tailEvents } from '../../src/client/tail-events.js';

setFlagsFromString('--expose_gc');
const tidyUp = runInNewContext('gc') as () => void;

describe("the tail of a run's events", () => {
  let server: Server;
  let client: HttpClient;

  beforeEach(async () => {
    server = createServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: {"seq":1}\n\n');
      const alive = setInterval(() => response.write(': alive\n\n'), 20);
      response.on('close', () => clearInterval(alive));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    client = new HttpClient({ baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
  });
  afterEach(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });

  it('ends when its caller leaves, however long it was open and memory was tidied up meanwhile', async () => {
    const leaving = new AbortController();
    const seen: number[] = [];
    const tail = (async () => {
      for await (const { seq } of tailEvents(client, 'run_1', { signal: leaving.signal })) seen.push(seq);
    })();
    tail.catch(() => undefined);
    while (seen.length === 0) await delay(10);
    for (let times = 0; times < 20; times += 1) {
      tidyUp();
      await delay(10);
    }
    leaving.abort(new Error('left'));
    await assert.rejects(Promise.race([tail, delay(5_000)]), /^Error: left$/);
  });
});
