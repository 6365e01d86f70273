import assert from 'node:assert/strict';
import { createParser, type EventSourceMessage } from 'eventsource-parser';
import { afterEach, describe, it } from 'mocha';
import { refused, succeeded, useManager, type Api } from './api.js';

const RUNS = '/api/v1/runs';

/** Messages as they arrive, until `end` or the stream's end. */
async function* messages(response: Response): AsyncGenerator<EventSourceMessage> {
  const arrived: EventSourceMessage[] = [];
  const parser = createParser({ onEvent: (message) => arrived.push(message) });
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) {
    parser.feed(decoder.decode(chunk as Uint8Array, { stream: true }));
    yield* arrived.splice(0);
  }
}

describe('the event stream', function () {
  const manager = useManager();
  const clients: AbortController[] = [];
  afterEach(() => {
    for (const client of clients.splice(0)) client.abort();
  });

  const open = async (api: Api, runId: string, headers: Record<string, string> = {}, query = '') => {
    const client = new AbortController();
    clients.push(client);
    const response = await api.open(`${RUNS}/${runId}/events/stream${query}`, headers, client.signal);
    assert.equal(response.headers.get('content-type'), 'text/event-stream; charset=utf-8');
    return messages(response);
  };
  const next = async (stream: AsyncGenerator<EventSourceMessage>) => {
    const { value } = await stream.next();
    assert.ok(value, 'the stream ended');
    return { ...value, data: JSON.parse(value.data) };
  };

  it('tells what was, then what comes, then the end', async () => {
    const { id } = await manager.api.createRun();
    succeeded(await manager.api.post(`${RUNS}/${id}/events`, { payload: { text: 'before' } }));
    const stream = await open(manager.api, id);
    const before = await next(stream);
    assert.deepEqual([before.id, before.event, before.data.payload], ['1', undefined, { text: 'before' }]);
    succeeded(await manager.api.post(`${RUNS}/${id}/events`, { payload: { text: 'line\nbreak\r\n' } }));
    assert.deepEqual((await next(stream)).data.payload, { text: 'line\nbreak\r\n' });
    succeeded(await manager.api.patch(`${RUNS}/${id}/status`, { terminalStatus: 'completed' }));
    let last = await next(stream);
    const types: string[] = [];
    for (; last.event !== 'end'; last = await next(stream)) types.push(last.data.type);
    assert.equal(types.at(-1), 'terminal_status');
    assert.deepEqual([last.data.runId, last.data.status], [id, 'completed']);
    assert.equal((await stream.next()).done, true);
  });

  it('goes on after the last id, or after a seq', async () => {
    const { id } = await manager.api.createRun();
    succeeded(await manager.api.post(`${RUNS}/${id}/events`, { events: Array.from({ length: 120 }, () => ({})) }));
    assert.equal((await next(await open(manager.api, id, { 'last-event-id': '100' }, '?afterSeq=3'))).id, '101');
    assert.equal((await next(await open(manager.api, id, {}, '?afterSeq=3'))).id, '4');
    const stream = await open(manager.api, id);
    for (let seq = 1; seq <= 120; seq += 1) assert.equal((await next(stream)).id, String(seq));
  });

  it('sends a reconnecting client away when nothing is left', async () => {
    const { id } = await manager.api.createRun();
    succeeded(await manager.api.patch(`${RUNS}/${id}/status`, { terminalStatus: 'completed' }));
    const { lastSeq } = succeeded(await manager.api.get(`${RUNS}/${id}/result`));
    const path = `${RUNS}/${id}/events/stream`;
    const again = await manager.api.open(path, { 'last-event-id': String(lastSeq) });
    assert.deepEqual([again.status, await again.text()], [204, '']);
    const late = await (await manager.api.open(path)).text();
    assert.match(late, /\nevent: end\n/);
  });

  it('refuses before it begins, in the envelope', async () => {
    refused(await manager.api.get(`${RUNS}/run_0123456789/events/stream`), 404, 'schema-invalid');
    refused(await manager.api.as('wrong').get(`${RUNS}/run_0123456789/events/stream`), 401, 'auth-required');
  });

  it('is told to many at once, wherever each of them is, and so is the end', async () => {
    const { id } = await manager.api.createRun();
    succeeded(await manager.api.post(`${RUNS}/${id}/events`, { events: Array.from({ length: 60 }, () => ({})) }));
    const followers = Array.from({ length: 20 }, async (_, n) =>
      open(manager.api, id, {}, `?afterSeq=${n % 2 === 0 ? 60 : n}`),
    );
    const streams = await Promise.all(followers);
    succeeded(await manager.api.post(`${RUNS}/${id}/events`, { payload: { text: 'to all' } }));
    succeeded(await manager.api.patch(`${RUNS}/${id}/status`, { terminalStatus: 'completed' }));
    for (const [n, stream] of streams.entries()) {
      const told: string[] = [];
      let message = await next(stream);
      for (; message.event !== 'end'; message = await next(stream)) told.push(String(message.id));
      const from = n % 2 === 0 ? 61 : n + 1;
      assert.deepEqual(
        told,
        Array.from({ length: message.data.lastSeq - from + 1 }, (_, index) => String(from + index)),
      );
    }
  });
});
