import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { EventInput } from '../../src/contract/event.js';
import { EVENT_LIMITS } from '../../src/domain/event-types.js';
import { withinLimits } from '../../src/runner/events/limits.js';
import { EventOutbox } from '../../src/runner/events/outbox.js';

const bytesOf = (payload: unknown) => Buffer.byteLength(JSON.stringify(payload));
const textOf = (events: { payload?: Readonly<Record<string, unknown>> }[]) =>
  events.map((event) => event.payload?.['text']).join('');

describe('event limits', () => {
  it('leave an event as it is that fits', () => {
    const event = { type: 'plan', payload: { text: 'short' } } as const;
    assert.deepEqual(withinLimits(event), [{ ...event, bytes: bytesOf(event.payload) }]);
  });

  it('split long text into events that fit, losing nothing and cutting no character', () => {
    const texts = fc.string({ unit: fc.constantFrom('a', '\n', '\u0007', 'é', '😀', '"'), maxLength: 3_000 });
    fc.assert(
      fc.property(texts, (text) => {
        const pieces = withinLimits({ type: 'command_output', payload: { text, stream: 'stdout' } }, 400);
        assert.equal(textOf(pieces), text);
        for (const { payload, bytes } of pieces) {
          assert.ok(bytes <= 400 && bytes === bytesOf(payload));
          assert.ok(!/[\ud800-\udbff]$|^[\udc00-\udfff]/.test(String(payload['text'])));
          assert.equal(payload['stream'], 'stdout');
        }
      }),
    );
  });

  it('split megabytes quickly', () => {
    const text = '\u0007'.repeat(5_000_000);
    const pieces = withinLimits({ type: 'command_output', payload: { text } });
    assert.equal(textOf(pieces), text);
    assert.ok(pieces.every((piece) => piece.bytes <= EVENT_LIMITS.payloadBytes));
  });

  it('cut other fields that are too long, and say so', () => {
    const payload = {
      diff: 'x'.repeat(1_000),
      files: Array.from({ length: 500 }, (_, index) => `file ${index}`),
      path: 'p',
    };
    const [event, more] = withinLimits({ type: 'diff', payload }, 600);
    assert.equal(more, undefined);
    assert.ok(event && event.bytes <= 600);
    assert.deepEqual([event.payload['path'], event.payload['truncated']], ['p', true]);
  });

  it('replace characters that no database text can hold', () => {
    const [event] = withinLimits({
      type: 'command_output',
      payload: { text: 'a\0b', nested: ['\ud83d', '😀'], plain: '\\u0000' },
    });
    assert.deepEqual(event?.payload, { text: 'a\uFFFDb', nested: ['\uFFFD', '😀'], plain: '\\u0000' });
  });
});

describe('the event outbox', () => {
  /** Collects batches; answers each only when told, where `holds`. */
  const collector = (holds = false) => {
    const batches: EventInput[][] = [];
    const answers: (() => void)[] = [];
    const send = (events: EventInput[]) => {
      batches.push(events);
      return holds ? new Promise<void>((resolve) => answers.push(resolve)) : Promise.resolve();
    };
    return { batches, send, answer: () => answers.shift()?.() };
  };
  const event = (text: string) => ({ type: 'assistant_message', payload: { text } }) as const;
  const flowing = (text: string, stream = 'stdout') =>
    ({ type: 'command_output', payload: { text, stream }, flowing: true }) as const;

  it('numbers events from 1 and sends them in order', async () => {
    const { batches, send } = collector();
    const outbox = new EventOutbox(send);
    for (let index = 1; index <= 250; index += 1) outbox.emit(event(String(index)));
    await outbox.flush();
    const sent = batches.flat();
    assert.deepEqual(
      sent.map(({ clientSeq, payload }) => [clientSeq, payload?.['text']]),
      Array.from({ length: 250 }, (_, index) => [index + 1, String(index + 1)]),
    );
  });

  it('waits for company, so that many events are few requests', async () => {
    const { batches, send } = collector();
    const outbox = new EventOutbox(send, { flushMs: 5 });
    for (let index = 0; index < 50; index += 1) outbox.emit(event('x'));
    await outbox.flush();
    assert.equal(batches.length, 1);
  });

  it('has one request under way at a time, and catches up with the next', async () => {
    const { batches, send, answer } = collector(true);
    const outbox = new EventOutbox(send);
    for (let index = 0; index < 600; index += 1) outbox.emit(event('x'));
    assert.equal(batches.length, 1);
    const flushed = outbox.flush();
    while (batches.flat().length < 600) {
      answer();
      await new Promise(setImmediate);
    }
    answer();
    await flushed;
    assert.ok(batches.every((batch) => batch.length <= EVENT_LIMITS.batch));
  });

  it('makes no request of more than 1 MiB, which is all that many proxies take', async () => {
    const { batches, send } = collector();
    const outbox = new EventOutbox(send, { flushMs: 5 });
    const long = event('é'.repeat(EVENT_LIMITS.payloadBytes / 2 - 100));
    for (let index = 0; index < 20; index += 1) outbox.emit(long);
    for (let index = 0; index < 2_000; index += 1) outbox.emit(event('x'.repeat(2_000)));
    await outbox.flush();
    assert.ok(batches.length < 20);
    for (const events of batches) assert.ok(Buffer.byteLength(JSON.stringify({ events })) < 2 ** 20 - 1_000);
  });

  it('joins pieces of one flow, not of two, and none that are on their way', async () => {
    const { batches, send, answer } = collector(true);
    const outbox = new EventOutbox(send, { flushEvents: 1 });
    outbox.emit(flowing('a'));
    for (const piece of [flowing('b'), flowing('c'), flowing('d', 'stderr'), event('e'), flowing('f')])
      outbox.emit(piece);
    const flushed = outbox.flush();
    answer();
    await new Promise(setImmediate);
    answer();
    await flushed;
    assert.deepEqual(
      batches.map((batch) => batch.map((one) => one.payload?.['text'])),
      [['a'], ['bc', 'd', 'e', 'f']],
    );
  });

  it('asks its sources to wait when it is full, until half of it is gone', async () => {
    const { send, answer } = collector(true);
    const outbox = new EventOutbox(send, { fullBytes: 10_000 });
    while (outbox.emit(event('x'.repeat(1_000))));
    assert.ok(outbox.isFull);
    let isDrained = false;
    const drained = outbox.drained().then(() => (isDrained = true));
    await new Promise(setImmediate);
    assert.equal(isDrained, false);
    const flushed = outbox.flush();
    await new Promise(setImmediate);
    answer();
    await drained;
    await flushed;
  });

  it('lets everyone go when it is discarded', async () => {
    const { send } = collector(true);
    const outbox = new EventOutbox(send, { fullBytes: 10 });
    outbox.emit(event('x'.repeat(100)));
    const waiting = outbox.drained();
    outbox.discard();
    await waiting;
    await outbox.flush();
    assert.equal(outbox.emit(event('y')), true);
  });
});
