import assert from 'node:assert/strict';
import { Api, eventually, type Loose } from '../support/api.js';
import { EventReader } from '../support/event-reader.js';
import { ForeignRunner } from '../support/foreign-runner.js';
import { startTestManager, type TestManager } from '../support/test-manager.js';

const TOTAL = 10_000;
const BATCH = 100;
const OPERATORS = ['ann', 'ben', 'cem'].map((name) => ({ name, token: `${name}-operator-token-0123456789` }));

describe('ten thousand events', function () {
  this.timeout(240_000);
  let manager: TestManager;
  let api: Api;
  const readers: EventReader[] = [];

  before(async function () {
    manager = await startTestManager({ AGENTRUN_OPERATORS_JSON: JSON.stringify(OPERATORS) });
    api = new Api(manager.url, manager.operatorToken);
  });
  after(async () => {
    for (const reader of readers) await reader.close();
    await manager.stop();
  });

  it('of four writers who repeat, lose answers and overtake themselves have one seq each, without a hole', async () => {
    const run = await api.createRun();
    const url = `${manager.url}/api/v1/runs/${run.id}/events/stream`;
    const [steady, unsteady] = [
      new EventReader(url, manager.operatorToken),
      new EventReader(url, manager.operatorToken, 777),
    ];
    readers.push(steady, unsteady);
    const runner = await ForeignRunner.claim(api, run.id);
    const claims = (await api.events(run.id)).length;
    const each = TOTAL / (OPERATORS.length + 1);
    const operators = OPERATORS.map(async (operator) => write(api, run.id, operator, each));
    const ofRunner = { name: 'runner', token: runner.run.runnerToken };
    await Promise.all([...operators, write(api, run.id, ofRunner, each - claims)]);

    const events = await api.events(run.id);
    const everySeq = Array.from({ length: TOTAL }, (_, index) => index + 1);
    for (const { name } of [...OPERATORS, { name: 'runner' }]) assertEachOnce(events, name);
    const ofManager = events.filter(({ payload }) => payload.writer === undefined);
    assert.equal(ofManager.length, claims, JSON.stringify(ofManager));
    assert.deepEqual(
      events.map(({ seq }) => seq),
      everySeq,
    );
    await eventually(
      async () => [steady.seqs.length, unsteady.seqs.length],
      (counts) => counts.every((count) => count >= TOTAL),
    );
    assert.deepEqual(steady.seqs, everySeq, 'a stream tells each once, in order');
    assert.deepEqual(unsteady.seqs, everySeq, 'also to a reader who comes back with the last id it saw');
    assert.equal(steady.connections, 1);
    assert.ok(unsteady.connections > TOTAL / 777);
    await runner.finishRun();
    await Promise.all(readers.map(async (reader) => reader.ended()));
    assert.deepEqual(steady.seqs, unsteady.seqs);
  });
});

function assertEachOnce(events: Loose[], writer: string): void {
  const numbers = events.filter(({ payload }) => payload.writer === writer).map(({ payload }) => payload.number);
  assert.deepEqual(
    [...numbers].sort((a, b) => a - b),
    numbers.map((_, index) => index + 1),
    `each of ${writer}'s once`,
  );
}

interface Writer {
  readonly name: string;
  readonly token: string;
}

/** Sends `count` numbered events in batches: not in order, some in two batches, some twice at once, some given up and sent again. */
async function write(api: Api, runId: string, { name, token }: Writer, count: number): Promise<void> {
  const path = `/api/v1/runs/${runId}/events`;
  const starts = Array.from({ length: Math.ceil(count / BATCH) }, (_, index) => index * BATCH + 1);
  const send = async (from: number) => {
    const events = batch(name, from, count);
    if (from % 400 === 1) await hangUpOn(api.url + path, token, { events });
    // Too busy to answer in time is an answer: writers repeat what they were not told of.
    const { body } = await eventually(
      async () => api.as(token).request('POST', path, { events }),
      ({ status }) => status !== 503,
    );
    const { items } = body.data;
    assert.equal(items.length, events.length, 'one answer for each event given');
  };
  for (const pair of chunks(shuffled(starts), 2)) {
    await Promise.all(pair.flatMap((from) => (from % 300 === 1 ? [send(from), send(from)] : [send(from)])));
  }
}

/** A batch begins a little before its time, so that it repeats the end of the one before it. */
function batch(writer: string, from: number, count: number): Loose[] {
  const numbers = Array.from({ length: BATCH + 5 }, (_, index) => from - 5 + index);
  return numbers
    .filter((number) => number >= 1 && number <= count)
    .map((number) => ({ type: 'assistant_message', payload: { writer, number }, clientSeq: number }));
}

/** A request whose sender is gone before the answer: it may have been taken or not. */
async function hangUpOn(url: string, token: string, body: unknown): Promise<void> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const signal = AbortSignal.timeout(5);
  await fetch(url, { method: 'POST', headers, body: JSON.stringify(body), signal }).catch(() => undefined);
}

function shuffled(numbers: number[]): number[] {
  return numbers
    .map((number) => ({ number, order: (number * 7_919) % 10_007 }))
    .sort((a, b) => a.order - b.order)
    .map(({ number }) => number);
}

function chunks<T>(all: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, index) =>
    all.slice(index * size, (index + 1) * size),
  );
}
