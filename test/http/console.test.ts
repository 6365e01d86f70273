import assert from 'node:assert/strict';
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { consoleWorld } from '../console/world.js';

describe('the console as files', () => {
  let url = '';
  before(async () => {
    url = (await consoleWorld()).manager.url;
  });

  it('answers its page at each of its addresses, under a policy that allows nothing from elsewhere and nothing inline', async () => {
    for (const path of ['/', '/sessions/review-1', '/runs/run_1', '/tasks/new', '/queues', '/profiles', '/status']) {
      const response = await fetch(url + path);
      assert.equal(response.status, 200, path);
      assert.match(response.headers.get('content-type') ?? '', /^text\/html/);
      assert.equal(response.headers.get('cache-control'), 'no-cache');
      const policy = response.headers.get('content-security-policy') ?? '';
      assert.match(policy, /^default-src 'none'; script-src 'self'; style-src 'self';/);
      assert.doesNotMatch(policy, /unsafe|\*|data:|https?:/);
      const page = await response.text();
      assert.doesNotMatch(page, /<script(?![^>]* src=)|style=|https?:\/\//);
    }
  });

  it('lets a browser keep what its name says will not change, and asks after the rest', async () => {
    const page = await (await fetch(url)).text();
    const [, script = ''] = /src="(\/assets\/[^"]+\.js)"/.exec(page) ?? [];
    const response = await fetch(url + script);
    assert.equal(response.headers.get('cache-control'), 'public, max-age=31536000, immutable');
    assert.equal(response.headers.get('content-encoding'), 'gzip');
    assert.match(await response.text(), /agentrun/);
    const etag = (await fetch(url)).headers.get('etag') ?? '';
    assert.equal(await statusOf(url, { 'if-none-match': etag }), 304);
    assert.equal(await statusOf(url, { 'if-none-match': '"another"' }), 200);
    const plain = await fetch(url + script, { headers: { 'accept-encoding': 'identity' } });
    assert.equal(plain.headers.get('content-encoding'), null);
    const head = await fetch(url, { method: 'HEAD' });
    assert.deepEqual([head.status, await head.text()], [200, '']);
  });

  it('leaves everything else to the API, which answers JSON', async () => {
    for (const path of ['/api/v1/none', '/none', '/assets/none.js', '/assets/../../package.json', '/index.html/x']) {
      const response = await fetch(url + path);
      assert.equal(response.status, 404, path);
      assert.equal(((await response.json()) as { failureKind: string }).failureKind, 'schema-invalid');
    }
    const posted = await fetch(url, { method: 'POST' });
    assert.equal(posted.status, 404);
  });
});

/** By hand: `fetch` tells servers not to answer from a cache when it is given such a header. */
async function statusOf(url: string, headers: Record<string, string>): Promise<number | undefined> {
  const [response] = (await once(get(url, { headers }), 'response')) as [IncomingMessage];
  response.resume();
  await once(response, 'end');
  return response.statusCode;
}
