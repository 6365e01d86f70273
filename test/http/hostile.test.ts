import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { useManager } from './api.js';

/** Sends bytes as they are and answers what came back until the other side closes or `enough` is in it. */
async function raw(url: string, bytes: string, enough: RegExp): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  let answer = '';
  socket.setEncoding('utf8');
  socket.write(bytes);
  for await (const chunk of socket) {
    answer += String(chunk);
    if (enough.test(answer)) break;
  }
  socket.destroy();
  return answer;
}

/** Sends this much and is gone. */
async function leave(url: string, bytes: string): Promise<void> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  await new Promise((resolve) => socket.write(bytes, resolve));
  socket.resetAndDestroy();
}

describe('a hostile client', () => {
  const manager = useManager();

  it('does not end the manager by a target that is no URL', async () => {
    const answer = await raw(manager.url, 'GET http://[/ HTTP/1.1\r\nHost: x\r\n\r\n', /schema-invalid/);
    assert.match(answer, /^HTTP\/1\.1 400 /);
    assert.equal((await manager.api.get('/health/live')).status, 200);
  });

  it('does not leave its unread body to the next request of the connection', async () => {
    const body = 'x'.repeat(300_000);
    const head = `POST /api/v1/runs HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${manager.token}\r\nContent-Type: application/json\r\n`;
    const answer = await raw(
      manager.url,
      `${head}Content-Encoding: gzip\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      /\r\n\r\n/,
    );
    assert.match(answer, /^HTTP\/1\.1 400 /);
    assert.match(answer, /connection: close/i);
  });

  it('gets a 400 that names the field for a number no run can have', async () => {
    const run = await manager.api.createRun();
    const answer = await manager.api.post(`/api/v1/runs/${run.id}/events`, { attempt: 2 ** 31 });
    assert.deepEqual([answer.status, answer.body.error.details.field], [400, 'attempt']);
  });

  it('has done nothing with a request that it left before its body was read', async () => {
    const run = await manager.api.createRun();
    // A runner's token takes a moment to verify: time enough to be gone.
    const { runnerToken } = (await manager.api.post(`/api/v1/runs/${run.id}/claim`, { runnerId: 'leaving' })).data;
    const path = `/api/v1/runs/${run.id}/events`;
    const before = (await manager.api.get(path)).data.items;
    const head = `POST ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${runnerToken}\r\nContent-Type: application/json\r\n`;
    for (let times = 0; times < 200; times += 1) await leave(manager.url, `${head}Content-Length: 900\r\n\r\n`);
    await delay(200);
    assert.deepEqual((await manager.api.get(path)).data.items, before);
  });

  it('can read a run of large events, page by page', async () => {
    const run = await manager.api.createRun();
    const event = { type: 'error', payload: { text: 'z'.repeat(200_000) } };
    for (let batch = 0; batch < 4; batch += 1) {
      await manager.api.post(`/api/v1/runs/${run.id}/events`, { events: Array.from({ length: 30 }, () => event) });
    }
    let afterSeq = 0;
    for (;;) {
      const { items } = (await manager.api.get(`/api/v1/runs/${run.id}/events?limit=500&afterSeq=${afterSeq}`)).data;
      if (items.length === 0) break;
      afterSeq = items.at(-1).seq;
    }
    assert.ok(afterSeq >= 120, `read up to ${afterSeq}`);
  }).timeout(60_000);
});
