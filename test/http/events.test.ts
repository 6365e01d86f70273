import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { refused, succeeded, useManager } from './api.js';

const RUNS = '/api/v1/runs';

describe('appending events', function () {
  const manager = useManager();

  it('takes one, with defaults, and answers it', async () => {
    const { id } = await manager.api.createRun();
    const event = succeeded(await manager.api.post(`${RUNS}/${id}/events`));
    assert.deepEqual([event.seq, event.type, event.payload], [1, 'backend_status', {}]);
    assert.deepEqual(succeeded(await manager.api.get(`${RUNS}/${id}/events`)).items, [event]);
  });

  it('takes a batch, and adds nothing twice', async () => {
    const { id } = await manager.api.createRun();
    const events = [1, 2, 3].map((clientSeq) => ({ type: 'reasoning', payload: { text: `${clientSeq}` }, clientSeq }));
    const first = succeeded(await manager.api.post(`${RUNS}/${id}/events`, { events }));
    const again = succeeded(await manager.api.post(`${RUNS}/${id}/events`, { events: [...events, {}] }));
    assert.deepEqual(again.items.slice(0, 3), first.items);
    assert.deepEqual(
      again.items.map((event: { seq: number }) => event.seq),
      [1, 2, 3, 4],
    );
  });

  it('keeps the numberings of writers with one token apart where they name themselves', async () => {
    const { id } = await manager.api.createRun();
    const path = `${RUNS}/${id}/events`;
    const event = { type: 'reasoning', clientSeq: 1 };
    const one = succeeded(await manager.api.post(path, { ...event, producerId: 'one' }));
    const two = succeeded(await manager.api.post(path, { events: [event], producerId: 'two' })).items[0];
    assert.deepEqual([one.seq, two.seq], [1, 2]);
    assert.deepEqual(succeeded(await manager.api.post(path, { ...event, producerId: 'one' })), one);
    const wrong = await manager.api.post(path, { ...event, producerId: 'a b' });
    assert.equal(refused(wrong, 400, 'schema-invalid').field, 'producerId');
  });

  it('refuses a number that was that of an event of another type, naming it, and writes nothing', async () => {
    const { id } = await manager.api.createRun();
    const path = `${RUNS}/${id}/events`;
    succeeded(await manager.api.post(path, { type: 'reasoning', clientSeq: 2 }));
    const other = { type: 'assistant_message', clientSeq: 2 };
    const batch = await manager.api.post(path, { events: [{ clientSeq: 1 }, other, { clientSeq: 3 }] });
    assert.equal(refused(batch, 409, 'schema-invalid').field, 'events[1].clientSeq');
    assert.equal(refused(await manager.api.post(path, other), 409, 'schema-invalid').field, 'clientSeq');
    const twice = { events: [{ clientSeq: 4 }, { type: 'diff', clientSeq: 4 }] };
    assert.equal(refused(await manager.api.post(path, twice), 409, 'schema-invalid').field, 'events[1].clientSeq');
    assert.equal(succeeded(await manager.api.get(path)).items.length, 1);
  });

  it('leaves no hole between writers at once', async () => {
    const { id } = await manager.api.createRun();
    const events = Array.from({ length: 10 }, () => ({}));
    await Promise.all(Array.from({ length: 12 }, async () => manager.api.post(`${RUNS}/${id}/events`, { events })));
    const { items } = succeeded(await manager.api.get(`${RUNS}/${id}/events?limit=500`));
    assert.deepEqual(
      items.map((event: { seq: number }) => event.seq),
      Array.from({ length: 120 }, (_, index) => index + 1),
    );
  });

  it('refuses what is too much or too large, naming it, and writes nothing', async () => {
    const { id } = await manager.api.createRun();
    const path = `${RUNS}/${id}/events`;
    const large = { payload: { text: 'x'.repeat(256 * 1024) } };
    const batch = await manager.api.post(path, { events: [{}, {}, {}, large] });
    assert.equal(refused(batch, 400, 'schema-invalid').field, 'events[3].payload');
    assert.equal(refused(await manager.api.post(path, large), 400, 'schema-invalid').field, 'payload');
    const many = { events: Array.from({ length: 501 }, () => ({})) };
    assert.equal(refused(await manager.api.post(path, many), 400, 'schema-invalid').field, 'events');
    const wrong = await manager.api.post(path, { events: [{ type: 'output' }] });
    assert.equal(refused(wrong, 400, 'schema-invalid').field, 'events[0].type');
    assert.deepEqual(succeeded(await manager.api.get(path)).items, []);
  });

  it('takes payloads of other languages and of the largest size', async () => {
    const { id } = await manager.api.createRun();
    const text = '日本 😀 ';
    const event = succeeded(await manager.api.post(`${RUNS}/${id}/events`, { payload: { text: text.repeat(10_000) } }));
    assert.equal(event.payload.text, text.repeat(10_000));
  });
});

describe('a result', function () {
  const manager = useManager();

  it('finds the reply and the usage, however many events follow', async () => {
    const { id } = await manager.api.createRun();
    const { id: commandId } = await manager.api.addTurn(id);
    const said = { type: 'assistant_message', payload: { commandId, text: 'Done.' } };
    const usage = { type: 'token_usage', payload: { commandId, totals: { input: 7 } } };
    const later = Array.from({ length: 400 }, () => ({ type: 'command_output', payload: { commandId, text: '.' } }));
    succeeded(await manager.api.post(`${RUNS}/${id}/events`, { events: [said, usage, ...later] }));
    succeeded(await manager.api.post(`${RUNS}/${id}/events`, { events: later }));
    for (const query of ['', `?commandId=${commandId}`]) {
      const result = succeeded(await manager.api.get(`${RUNS}/${id}/result${query}`));
      assert.deepEqual([result.reply, result.usage], ['Done.', { input: 7 }]);
      assert.equal(result.lastSeq, 802);
    }
  });
});

describe('paging events', function () {
  const manager = useManager();

  it('goes on after a seq', async () => {
    const { id } = await manager.api.createRun();
    succeeded(await manager.api.post(`${RUNS}/${id}/events`, { events: Array.from({ length: 5 }, () => ({})) }));
    const seqs = async (query: string) => {
      const { items } = succeeded(await manager.api.get(`${RUNS}/${id}/events${query}`));
      return items.map((event: { seq: number }) => event.seq);
    };
    assert.deepEqual(await seqs('?limit=2'), [1, 2]);
    assert.deepEqual(await seqs('?limit=2&afterSeq=2'), [3, 4]);
    assert.deepEqual(await seqs('?afterSeq=99999999999999999999'), []);
    assert.deepEqual(await seqs('?afterSeq=-1&limit=x'), [1, 2, 3, 4, 5]);
  });
});
