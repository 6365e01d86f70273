// The floor of a path through HTTP: Node's server and one statement, no routes, no schemas, no auth.
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { BareDatabase } from '../bare/database.js';
import { programOptions, tellReady } from './program.js';

const { databaseUrl } = programOptions() as { databaseUrl: string };
const database = new BareDatabase(databaseUrl, 30);

async function handle(request: IncomingMessage): Promise<unknown> {
  const body = JSON.parse(await text(request));
  if (request.method === 'PATCH') return { leaseExpiresAt: await database.renew(body.runId) };
  return { items: await database.insert(body.runId, body.events) };
}

const server = createServer((request, response) => {
  handle(request).then(
    (data) => response.setHeader('content-type', 'application/json').end(JSON.stringify({ ok: true, data })),
    (error: unknown) => response.writeHead(500).end(JSON.stringify({ ok: false, message: String(error) })),
  );
});
await once(server.listen(0, '127.0.0.1'), 'listening');
tellReady({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }, async () => {
  server.closeAllConnections();
  server.close();
  await database.close();
});
