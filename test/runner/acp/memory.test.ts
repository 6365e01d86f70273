import assert from 'node:assert/strict';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { SessionUpdate } from '@agentclientprotocol/sdk';
import { TurnStory } from '../../../src/runner/backends/acp/turn-story.js';

const MIB = 1024 * 1024;

describe("what a runner keeps of an ACP agent's tools", () => {
  let collect: () => void;
  before(() => {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as () => void;
  });

  const story = () => new TurnStory({ commandId: 'cmd_1', threadId: 'thread' }, '/workspace');
  let pieces = 0;
  /** Other text each time, as it comes of a stream: nothing else holds it. */
  const text = (bytes: number) => Buffer.alloc(bytes, `${(pieces += 1)} `).toString('latin1');
  const call = (id: string): SessionUpdate => ({
    sessionUpdate: 'tool_call',
    toolCallId: id,
    title: 'make',
    kind: 'execute',
    status: 'in_progress',
  });
  const printed = (id: string, data: string): SessionUpdate => ({
    sessionUpdate: 'tool_call_update',
    toolCallId: id,
    _meta: { terminal_output_delta: { data } },
  });
  const ended = (id: string, words: string): SessionUpdate => ({
    sessionUpdate: 'tool_call_update',
    toolCallId: id,
    status: 'completed',
    content: [{ type: 'content', content: { type: 'text', text: words } }],
  });
  const heap = () => {
    collect();
    return process.memoryUsage().heapUsed;
  };

  it('is little, however much one of them prints', () => {
    const one = story();
    one.take(call('a'));
    const before = heap();
    for (let index = 0; index < 100; index += 1) one.take(printed('a', text(MIB / 2)));
    const grown = heap() - before;
    assert.ok(grown < 5 * MIB, `${grown / MIB} MiB`);
    assert.ok(one.hasOpenCalls);
  });

  it('is little of those that are over, however many', () => {
    const one = story();
    const before = heap();
    for (let index = 0; index < 100; index += 1) {
      one.take(call(String(index)));
      one.take(printed(String(index), text(MIB / 4)));
      one.take(ended(String(index), text(MIB / 4)));
    }
    const grown = heap() - before;
    assert.ok(grown < 5 * MIB, `${grown / MIB} MiB`);
    assert.ok(!one.hasOpenCalls);
  });

  const told = (one: TurnStory, update: SessionUpdate) =>
    one.take(update).filter(({ type }) => type === 'tool_output').length;

  it('is enough to tell a result but once, also of one that printed much, and when it is told late', () => {
    const much = `${text(MIB)}end`;
    for (const words of ['some', much]) {
      const one = story();
      one.take(call('a'));
      one.take(printed('a', words.slice(0, 3)));
      one.take(printed('a', words.slice(3)));
      assert.equal(told(one, ended('a', words)), 0);
      assert.equal(told(one, ended('a', words)), 0, 'again');
      assert.equal(told(one, ended('a', 'something else')), 1);
    }
  });

  it('is enough to name a call of which something is told after its end', () => {
    const one = story();
    one.take(call('a'));
    one.take(ended('a', 'done'));
    const late = one.take({ sessionUpdate: 'tool_call_update', toolCallId: 'a', status: 'failed' });
    const told = late.map(({ type, payload }) => [type, payload['toolName'], payload['summary'], payload['status']]);
    assert.deepEqual(told, [['tool_call', 'execute', 'make', 'failed']]);
  });
});
