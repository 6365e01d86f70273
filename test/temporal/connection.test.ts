import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Http2Server, type ServerHttp2Session } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { connectTemporal } from '../../src/temporal/connection.js';

/** Longer than the longest pause before a retry. */
const NEXT_RETRY_MS = 800;

describe('the connection to Temporal', () => {
  let server: Http2Server;
  let asked: number;
  let session: ServerHttp2Session | undefined;

  beforeEach(async () => {
    asked = 0;
    server = createServer();
    server.on('session', (opened) => (session = opened));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterEach(() => {
    session?.destroy();
    server.close();
  });

  const callOn = ({ client }: ReturnType<typeof connectTemporal>) =>
    client.workflowService.describeNamespace({ namespace: 'none' }).catch((error: unknown) => error as Error);
  const link = () =>
    connectTemporal({ address: `127.0.0.1:${(server.address() as AddressInfo).port}`, namespace: 'none' });
  const asking = () =>
    new Promise<void>((resolve) => {
      server.on('stream', () => {
        asked += 1;
        resolve();
      });
    });

  it('gives a call up that is under way when it is closed, once its server goes', async () => {
    const connection = link();
    const isAsked = asking();
    const call = callOn(connection);
    await isAsked;
    await connection.close();
    session?.destroy();
    assert.ok((await call) instanceof Error);
    await delay(NEXT_RETRY_MS);
    assert.equal(asked, 1);
  });

  it('lets a retry that is due come before it closes', async () => {
    server.on('stream', (stream) => {
      stream.respond({ ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '14' }, { endStream: true });
    });
    const connection = link();
    const isAsked = asking();
    const call = callOn(connection);
    await isAsked;
    await delay(30);
    await connection.close();
    assert.ok((await call) instanceof Error);
    await delay(NEXT_RETRY_MS);
    assert.ok(asked <= 3, `${asked} times`);
  });
});
