import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ApiError, HttpClient, mayRetry, TransportError } from '../../src/client/http-client.js';

const rejectionOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => assert.fail('it resolved'),
    (error: unknown) => error,
  );

describe('the HTTP client', () => {
  let server: Server;
  let client: HttpClient;
  let seen: { request: IncomingMessage; body: string }[];
  let respond: (response: ServerResponse, request: IncomingMessage) => void;

  beforeEach(async () => {
    seen = [];
    server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        seen.push({ request, body });
        respond(response, request);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    client = new HttpClient({
      baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/base/`,
      token: 'secret',
    });
  });
  afterEach(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });

  const json = (status: number, body: unknown) => (response: ServerResponse) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  const failure = (status: number, failureKind: string) =>
    json(status, {
      ok: false,
      failureKind,
      message: 'why',
      traceId: 'trc_1',
      error: { name: 'X', failureKind, message: 'why', details: { field: 'x' } },
    });

  it('takes the data out of the envelope', async () => {
    respond = json(200, { ok: true, data: { id: 1 }, traceId: 'trc_1' });
    assert.deepEqual(await client.post('/things', { a: 'ü' }, { query: { limit: 3, none: undefined } }), { id: 1 });
    const { request, body } = seen[0]!;
    assert.deepEqual([request.method, request.url, body], ['POST', '/base/things?limit=3', '{"a":"ü"}']);
    assert.equal(request.headers.authorization, 'Bearer secret');
    assert.equal(request.headers['content-type'], 'application/json; charset=utf-8');
  });

  it('throws a refusal with its status, kind, message and details', async () => {
    respond = failure(409, 'lease-lost');
    const error = await rejectionOf(client.get('/x'));
    assert.ok(error instanceof ApiError);
    const { status, failureKind, message, details, traceId } = error;
    assert.deepEqual([status, failureKind, message, traceId], [409, 'lease-lost', 'why', 'trc_1']);
    assert.deepEqual(details, { field: 'x' });
    assert.equal(mayRetry(error), false);
  });

  it('tells a manager in trouble, with what it says of itself', async () => {
    respond = failure(503, 'infra-failed');
    const error = await rejectionOf(client.get('/x'));
    assert.ok(error instanceof TransportError && mayRetry(error));
    assert.deepEqual([error.status, error.failure?.failureKind, error.message], [503, 'infra-failed', 'why']);
  });

  for (const [what, status, body] of [
    ['a page of something else', 200, '<html>'],
    ['a 404 of something else', 404, 'nothing here'],
    ['a proxy that is broken', 502, ''],
    ['a redirect', 302, ''],
  ] as const) {
    it(`takes ${what} for no answer`, async () => {
      respond = (response) => response.writeHead(status, { location: 'http://127.0.0.1:9/' }).end(body);
      await assert.rejects(client.get('/x'), TransportError);
    });
  }

  it('says what broke a connection', async () => {
    respond = (response) => response.destroy();
    await assert.rejects(
      client.get('/x'),
      (error) => error instanceof TransportError && /GET \/x: .+/.test(error.message),
    );
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await assert.rejects(client.get('/x?secret=1'), /^TransportError: GET \/x: .*(ECONNREFUSED|refused)/);
  });

  it('gives up after its time, also in the middle of an answer', async () => {
    respond = (response) => void response.writeHead(200).write('{"ok":');
    await assert.rejects(client.get('/x', { timeoutMs: 50 }), /no answer within 50 ms/);
  });

  it("throws the caller's own reason when the caller gives up", async () => {
    respond = () => {};
    const controller = new AbortController();
    const reason = new Error('enough');
    const asked = client.get('/x', { signal: controller.signal });
    controller.abort(reason);
    await assert.rejects(asked, reason);
    await assert.rejects(client.get('/x', { signal: controller.signal }), reason);
  });

  it('waits as long as it is told to, and asks again', async () => {
    const told = failure(429, 'rate-limited');
    const once = (response: ServerResponse) => {
      if (seen.length === 1) told(response.setHeader('retry-after', '0'));
      else json(200, { ok: true, data: seen.length, traceId: 'trc_1' })(response);
    };
    respond = once;
    assert.equal(await client.post('/x', { a: 1 }), 2);
    assert.deepEqual(
      seen.map(({ body }) => body),
      ['{"a":1}', '{"a":1}'],
    );
  });

  it('throws what it is refused for without a time, or for longer than it has', async () => {
    const isLimited = (error: unknown) => error instanceof ApiError && error.failureKind === 'rate-limited';
    respond = failure(429, 'rate-limited');
    await assert.rejects(client.get('/x'), isLimited);
    respond = (response) => failure(429, 'rate-limited')(response.setHeader('retry-after', '9'));
    await assert.rejects(client.get('/x', { timeoutMs: 2_000 }), isLimited);
    assert.equal(seen.length, 2);
  });

  it('opens a stream that may last longer than the time for its beginning', async () => {
    respond = (response) => {
      response.writeHead(200).write('one ');
      setTimeout(() => response.end('two'), 2_500);
    };
    const response = await client.stream('/x', { timeoutMs: 2_000 });
    assert.equal(await response.text(), 'one two');
    respond = failure(403, 'forbidden');
    await assert.rejects(client.stream('/x'), ApiError);
  });

  it('speaks in another name', async () => {
    respond = json(200, { ok: true, data: null, traceId: 'x' });
    await client.withToken('other').get('/x');
    assert.equal(seen[0]?.request.headers.authorization, 'Bearer other');
  });
});
