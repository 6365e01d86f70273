import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTcpServer, type AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { setTimeout as delay } from 'node:timers/promises';
import { ProviderProxy, type ProviderTarget } from '../../../src/runner/provider-proxy/provider-proxy.js';
import type { ProviderTrouble } from '../../../src/runner/provider-proxy/trouble.js';
import { eventually } from '../../support/eventually.js';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

const STREAM = { 'content-type': 'text/event-stream' };
const COMPLETED = 'event: response.completed\ndata: {}\n\n';

describe('the proxy between an agent and its provider', () => {
  let server: Server;
  let handler: Handler;
  let proxy: ProviderProxy;
  const troubles: ProviderTrouble[] = [];

  beforeEach(async () => {
    troubles.length = 0;
    server = createServer((request, response) => handler(request, response)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    proxy = await start({});
  });
  afterEach(async () => {
    await proxy.close();
    server.closeAllConnections();
    server.close();
  });

  const start = (more: Partial<ProviderTarget>) => {
    const baseUrl = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`);
    const target = {
      baseUrl,
      headers: { authorization: 'Bearer secret' },
      query: {},
      silenceMs: 5_000,
      headersMs: 5_000,
      ...more,
    };
    return ProviderProxy.start(target, (trouble) => troubles.push(trouble));
  };
  const restart = async (more: Partial<ProviderTarget>) => {
    await proxy.close();
    proxy = await start(more);
  };
  const ask = (path = '/responses', init: RequestInit = {}) =>
    fetch(`${proxy.baseUrl}${path}`, { method: 'POST', body: '{"a":1}', ...init });

  it("adds what is secret in place of what the agent sends, and nothing of one connection's own", async () => {
    await restart({ query: { 'api-version': '7' } });
    let seen: IncomingMessage | undefined;
    let body = '';
    handler = (request, response) => {
      seen = request;
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => response.writeHead(200, { 'x-kept': 'yes', 'set-cookie': 'a=b' }).end('{}'));
    };
    const headers = { authorization: 'Bearer forged', cookie: 'a=b', 'x-agent': 'codex', te: 'trailers' };
    const answer = await ask('/responses?x=1', { headers });
    assert.deepEqual([answer.status, await answer.text()], [200, '{}']);
    assert.deepEqual([answer.headers.get('x-kept'), answer.headers.get('set-cookie')], ['yes', null]);
    assert.deepEqual([seen?.url, body], ['/v1/responses?x=1&api-version=7', '{"a":1}']);
    const { authorization, cookie, te, host } = seen?.headers ?? {};
    assert.deepEqual(
      [authorization, cookie, te, seen?.headers['x-agent']],
      ['Bearer secret', undefined, undefined, 'codex'],
    );
    assert.match(host ?? '', /^127\.0\.0\.1:/);
  });

  it('passes a stream on as it comes', async () => {
    let finish = (): void => {};
    handler = (_, response) => {
      response.writeHead(200, STREAM).write('data: one\n\n');
      finish = () => response.end(COMPLETED);
    };
    const answer = await ask();
    const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
    const first = await reader.read();
    assert.equal(Buffer.from(first.value ?? []).toString(), 'data: one\n\n');
    finish();
    while (!(await reader.read()).done);
    assert.deepEqual([proxy.trouble, troubles], [null, []]);
  });

  it('is no way to anywhere else, nor for anybody else', async () => {
    handler = (request, response) => response.end(request.url);
    const { origin } = new URL(proxy.baseUrl);
    for (const path of ['/', '/v1/responses', '/responses']) {
      assert.equal((await fetch(`${origin}${path}`, { method: 'POST' })).status, 404);
    }
    assert.equal((await ask('/../../admin')).status, 404);
    assert.equal((await ask('/%2e%2e/admin')).status, 404);
    assert.equal((await ask('/..%2fadmin')).status, 404);
    assert.equal((await ask('/a%5C..%5C..%5Cadmin')).status, 404);
    assert.equal(await (await ask('/a/../responses')).text(), '/v1/responses');
  });

  for (const status of [401, 429, 500]) {
    it(`passes a ${status} on and notes it`, async () => {
      handler = (_, response) => response.writeHead(status, { 'content-type': 'application/json' }).end('{"e":1}');
      const answer = await ask();
      assert.deepEqual([answer.status, await answer.text()], [status, '{"e":1}']);
      await eventually('a trouble', () => proxy.trouble);
      assert.deepEqual([proxy.trouble, troubles], [{ kind: 'status', status }, [{ kind: 'status', status }]]);
    });
  }

  it('cuts what is secret out of a refusal, however it is written there', async () => {
    const headers = { authorization: 'Bearer key+0123/456', 'x-team': 'team-secret' };
    await restart({ headers, query: { 'api-key': 'query-secret' } });
    handler = (_, response) => {
      response.writeHead(401, { 'content-type': 'text/plain', 'www-authenticate': 'no key+0123/456' });
      response.write('no key+01');
      setTimeout(() => response.end('23/456, key%2B0123%2F456, query-secret or team-secret'), 20);
    };
    const answer = await ask();
    assert.deepEqual(
      [answer.status, answer.headers.get('www-authenticate'), await answer.text()],
      [401, 'no ***', 'no ***, ***, *** or ***'],
    );
    assert.deepEqual(proxy.trouble, { kind: 'status', status: 401 });
  });

  it('masks the key in an answer that it passes on, however it is written and cut, and nothing else', async () => {
    const headers = {
      authorization: 'Bearer key+0123/456789abc',
      'x-team': 'team-of-some-size',
      'x-api-key': 'ollama',
    };
    await restart({ headers, query: { 'api-version': '2025-04-01-preview', 'subscription-key': 'query-key-0123456' } });
    const said =
      'data: key+0123/456789abc key%2B0123%2F456789abc query-key-0123456 team-of-some-size 2025-04-01-preview ollama\n\n';
    handler = (_, response) => {
      const length = Buffer.byteLength(said + COMPLETED);
      response.writeHead(200, { ...STREAM, 'content-length': length }).write(said.slice(0, 11));
      setTimeout(() => response.end(said.slice(11) + COMPLETED), 20);
    };
    const answer = await ask();
    const stars = (length: number) => '*'.repeat(length);
    assert.equal(
      await answer.text(),
      `data: ${stars(18)} ${stars(22)} ${stars(17)} team-of-some-size 2025-04-01-preview ollama\n\n${COMPLETED}`,
    );
    assert.deepEqual([proxy.trouble, troubles], [null, []]);
  });

  it('holds nothing back but what may begin the key', async () => {
    await restart({ headers: { authorization: 'Bearer key-0123456789abcdef' } });
    let finish = (): void => {};
    handler = (_, response) => {
      response.writeHead(200, STREAM).write('data: one key-01');
      finish = () => response.end(`23\n\n${COMPLETED}`);
    };
    const reader = ((await ask()).body as ReadableStream<Uint8Array>).getReader();
    const read = async () => Buffer.from((await reader.read()).value ?? []).toString();
    assert.equal(await read(), 'data: one ');
    finish();
    assert.match(await read(), /^key-0123\n\n/);
    while (!(await reader.read()).done);
  });

  const unreadable: [what: string, refuse: (response: ServerResponse) => void][] = [
    ['is packed', (response) => response.writeHead(401, { 'content-encoding': 'gzip' }).end(gzipSync('Bearer secret'))],
    ['is very long', (response) => response.writeHead(401).end(`${'x'.repeat(1_000_000)}Bearer secret`)],
    ['breaks off', (response) => response.writeHead(401).write('Bearer secr', () => response.destroy())],
    ['never ends', (response) => response.writeHead(401).write('Bearer secr')],
  ];
  for (const [what, refuse] of unreadable) {
    it(`says in its own words what a refusal is that ${what}`, async () => {
      await restart({ headersMs: what === 'never ends' ? 1_000 : 5_000 });
      handler = (_, response) => refuse(response);
      const answer = await ask();
      assert.equal(answer.status, 401);
      const { error } = (await answer.json()) as { error: { message: string } };
      assert.match(error.message, /^the model provider 127\.0\.0\.1:\d+ answered 401$/);
      assert.deepEqual(proxy.trouble, { kind: 'status', status: 401 });
    });
  }

  it('asks for answers that it can read, and shows the agent no way around itself', async () => {
    let asked: string | undefined;
    handler = (request, response) => {
      asked = request.headers['accept-encoding'];
      response.writeHead(307, { location: 'http://elsewhere.example/v1?key=secret-0123' }).end();
    };
    const answer = await ask('/responses', { redirect: 'manual' });
    assert.deepEqual([answer.status, answer.headers.get('location'), asked], [307, null, 'identity']);
    assert.match(await answer.text(), /answered 307, which leads elsewhere and is not followed: set its base_url/);
    assert.deepEqual(proxy.trouble, { kind: 'status', status: 307 });
  });

  it('knows for how long there was no way to the provider', async () => {
    handler = (request) => request.socket.destroy();
    assert.equal(proxy.unreachableMs, 0);
    assert.equal((await ask()).status, 502);
    await delay(50);
    assert.equal((await ask()).status, 502);
    assert.ok(proxy.unreachableMs >= 49, String(proxy.unreachableMs));
    handler = (_, response) => response.writeHead(200, STREAM).end(COMPLETED);
    await (await ask()).text();
    assert.equal(proxy.unreachableMs, 0);
  });

  it('forgets a trouble when a later request goes well, or a new turn begins', async () => {
    handler = (_, response) => response.writeHead(500).end();
    await (await ask()).text();
    handler = (_, response) => response.writeHead(200, STREAM).end(COMPLETED);
    await (await ask()).text();
    assert.equal(proxy.trouble, null);
    handler = (_, response) => response.writeHead(500).end();
    await (await ask()).text();
    proxy.forget();
    assert.equal(proxy.trouble, null);
  });

  it('notes nothing of what may fail without harm', async () => {
    handler = (_, response) => response.writeHead(404).end();
    assert.equal((await ask('/models', { method: 'GET', body: null })).status, 404);
    assert.deepEqual(troubles, []);
  });

  it('answers at once where nobody listens', async () => {
    await restart({ baseUrl: new URL('http://127.0.0.1:1/v1') });
    const answer = await ask();
    assert.equal(answer.status, 502);
    assert.match(await answer.text(), /127\.0\.0\.1:1 cannot be reached \(ECONNREFUSED\)/);
    assert.deepEqual(proxy.trouble, { kind: 'unreachable', code: 'ECONNREFUSED' });
  });

  it('takes what is no answer at all for a failure of the provider', async () => {
    const odd = createTcpServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', () => socket.end('HTTP/1.1 000 None\r\ncontent-length: 2\r\n\r\nhi'));
    }).listen(0, '127.0.0.1');
    await once(odd, 'listening');
    await restart({ baseUrl: new URL(`http://127.0.0.1:${(odd.address() as AddressInfo).port}/v1`) });
    assert.equal((await ask()).status, 502);
    assert.notEqual(proxy.trouble, null);
    odd.close();
  });

  it('names a host that does not exist', async () => {
    await restart({ baseUrl: new URL('http://no-such-host.invalid/v1') });
    assert.equal((await ask()).status, 502);
    assert.equal(proxy.trouble?.kind, 'unreachable');
  });

  it('gives up a provider that does not answer; the second time for good', async () => {
    await restart({ headersMs: 100 });
    let hungUp = 0;
    handler = (_, response) => response.on('close', () => (hungUp += 1));
    assert.equal((await ask()).status, 504);
    assert.equal((await ask()).status, 400);
    assert.deepEqual(proxy.trouble, { kind: 'no-headers', waitedMs: 100 });
    await eventually('both are hung up', () => hungUp === 2);
    proxy.forget();
    assert.equal((await ask()).status, 504);
  });

  for (const [what, end] of [
    ['that breaks off', (response: ServerResponse) => response.destroy()],
    ['that ends as if it were whole', (response: ServerResponse) => response.end()],
  ] as const) {
    it(`notes a stream ${what}`, async () => {
      handler = (_, response) => {
        response.writeHead(200, STREAM).write('data: half\n\n');
        setTimeout(() => end(response), 20);
      };
      await (await ask()).text().catch(() => '');
      await eventually('a trouble', () => proxy.trouble);
      assert.deepEqual(proxy.trouble, { kind: 'cut' });
    });
  }

  it('hangs up on the provider when the agent leaves, and holds nothing against it', async () => {
    let closed = false;
    handler = (_, response) => {
      response.writeHead(200, STREAM).write('data: half\n\n');
      response.on('close', () => (closed = true));
    };
    const leave = new AbortController();
    const answer = await ask('/responses', { signal: leave.signal });
    assert.equal(answer.status, 200);
    leave.abort();
    await eventually('the provider is hung up', () => closed);
    assert.deepEqual(troubles, []);
  });

  it('notes a stream that stood still until the agent left', async () => {
    await restart({ silenceMs: 100 });
    handler = (_, response) => response.writeHead(200, STREAM).write('data: half\n\n');
    const leave = new AbortController();
    await ask('/responses', { signal: leave.signal });
    await delay(120);
    leave.abort();
    await eventually('a trouble', () => proxy.trouble);
    assert.deepEqual(proxy.trouble, { kind: 'stalled' });
  });

  it('lets go of everything when it closes', async () => {
    handler = (_, response) => response.writeHead(200, STREAM).write('data: half\n\n');
    const answer = await ask();
    await proxy.close();
    await assert.rejects(answer.text());
    await assert.rejects(ask());
  });
});
