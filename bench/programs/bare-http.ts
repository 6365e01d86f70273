// The floor of a path through HTTP: Node's server and one statement, no routes, no schemas, no auth; and of a tail, which it wakes by LISTEN and NOTIFY.
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { BareDatabase } from '../bare/database.js';
import { BareTails } from '../bare/tails.js';
import { programOptions, tellReady } from './program.js';

const { databaseUrl } = programOptions() as { databaseUrl: string };
const database = new BareDatabase(databaseUrl, 30);
const tails = await BareTails.open(databaseUrl);

async function handle(request: IncomingMessage): Promise<unknown> {
  const body = JSON.parse(await text(request));
  if (request.url === '/tails') return { items: await tails.append(body.runId, body.events) };
  if (request.method === 'PATCH') return { leaseExpiresAt: await database.renew(body.runId) };
  return { items: await database.insert(body.runId, body.events) };
}

const server = createServer((request, response) => {
  if (request.method === 'GET') {
    tails.follow((request.url ?? '').slice('/tails/'.length), response);
    return;
  }
  handle(request).then(
    (data) => response.setHeader('content-type', 'application/json').end(JSON.stringify({ ok: true, data })),
    (error: unknown) => response.writeHead(500).end(JSON.stringify({ ok: false, message: String(error) })),
  );
});
await once(server.listen(0, '127.0.0.1'), 'listening');
tellReady({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }, async () => {
  server.closeAllConnections();
  server.close();
  await tails.close();
  await database.close();
});
