import assert from 'node:assert/strict';
import { consolePages } from '../../../src/http/console/console-pages.js';
import type { ConsoleFile } from '../../../src/http/console/console-files.js';
import { addressOf, parsePlace, type Place } from '../../../src/console/model/place.js';

const PLACES: readonly Place[] = [
  { page: 'inbox', search: '', show: 'all' },
  { page: 'inbox', search: 'cart & more', show: 'needs-you' },
  { page: 'session', id: 'review-1', at: null },
  { page: 'session', id: 'a:b.c', at: { runId: 'run_01ab', seq: 48 } },
  { page: 'run', id: 'run_01ab', at: { seq: 7 } },
  { page: 'task', id: 'task_01ab', at: null },
  { page: 'new-task' },
  { page: 'queues' },
  { page: 'profiles' },
  { page: 'status' },
];

describe('addresses of the console', () => {
  for (const place of PLACES) {
    it(`say where ${addressOf(place)} is, and are served`, async () => {
      const url = new URL(addressOf(place), 'http://localhost');
      assert.deepEqual(parsePlace(url), place);
      assert.ok(await isServed(url.pathname), 'the server knows the page');
    });
  }

  it('leave to the API what is its own, and what nobody knows', async () => {
    for (const path of ['/api/v1/runs', '/health', '/openapi.json', '/metrics', '/sessions/a/b', '/nope']) {
      assert.equal(await isServed(path), false, path);
    }
    assert.equal(parsePlace(new URL('http://localhost/nope')).page, 'unknown');
  });

  it('with a filter that is none show all', () => {
    assert.deepEqual(parsePlace(new URL('http://localhost/?show=everything')), {
      page: 'inbox',
      search: '',
      show: 'all',
    });
  });
});

async function isServed(path: string): Promise<boolean> {
  const index: ConsoleFile = {
    contentType: 'text/html',
    body: Buffer.from('<!doctype html>'),
    gzipped: undefined,
    etag: '"x"',
    isImmutable: false,
  };
  let isLeft = false;
  const ctx = { method: 'GET', path, set: () => undefined, fresh: false } as unknown as Parameters<
    ReturnType<typeof consolePages>
  >[0];
  await consolePages(new Map([['/index.html', index]]))(ctx, async () => {
    isLeft = true;
  });
  return !isLeft;
}
