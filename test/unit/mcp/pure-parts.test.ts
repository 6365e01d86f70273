import { Type } from 'typebox';
import assert from 'node:assert/strict';
import { ApiError, TransportError } from '../../../src/client/http-client.js';
import type { EventRecord } from '../../../src/contract/event.js';
import { admit } from '../../../src/mcp/admission.js';
import { checkArguments, WrongArguments } from '../../../src/mcp/check-arguments.js';
import { cutText } from '../../../src/mcp/cut-text.js';
import { howManyFit, readItems } from '../../../src/mcp/event-text.js';
import { failureText } from '../../../src/mcp/failure-text.js';
import { within } from '../../../src/mcp/waiting.js';

let seq = 0;
const event = (type: EventRecord['type'], payload: Record<string, unknown>, runId = 'run_1'): EventRecord => ({
  ...{ id: `evt_${seq}`, runId, seq: ++seq, type, payload, createdAt: '2026-03-01T14:00:00.000Z' },
});

describe('arguments of a tool', () => {
  const schema = Type.Object(
    { name: Type.String(), count: Type.Integer({ default: 3 }), kind: Type.Optional(Type.Enum(['a', 'b'] as const)) },
    { additionalProperties: false },
  );

  it('are filled in', () => assert.deepEqual(checkArguments(schema, { name: 'x' }), { name: 'x', count: 3 }));

  it('are refused with every field that is wrong, and no value', () => {
    assert.throws(
      () => checkArguments(schema, { count: 'secret', kind: 'c', more: 1 }),
      (error) => {
        assert.ok(error instanceof WrongArguments);
        assert.match(error.message, /name is required/);
        assert.match(error.message, /more is not a known field/);
        assert.match(error.message, /count must be integer/);
        assert.match(error.message, /kind must be one of a, b/);
        assert.doesNotMatch(error.message, /secret/);
        return true;
      },
    );
  });

  it('may be absent where nothing is asked for', () =>
    assert.deepEqual(checkArguments(Type.Object({}), undefined), {}));
});

describe('events, read by an agent', () => {
  it('are one item where they print on, and none where they say nothing or come whole later', () => {
    seq = 0;
    const items = readItems([
      event('user_message', { text: 'go' }),
      event('command_output', { text: 'a' }),
      event('token_usage', { totalTokens: 3 }),
      event('command_output', { text: 'b' }),
      event('command_output', { text: 'c' }, 'run_2'),
      event('assistant_message', { text: 'hal', status: 'in_progress' }),
      event('assistant_message', { text: 'half and whole', status: 'completed' }),
      event('tool_call', { toolName: 'shell', summary: 'npm test', status: 'failed', exitCode: 1 }),
      event('backend_status', { phase: 'command-terminal', terminalStatus: 'failed' }),
    ]);
    assert.deepEqual(
      items.map(({ seq, text }) => [seq, text]),
      [
        [1, 'go'],
        [4, 'ab'],
        [5, 'c'],
        [7, 'half and whole'],
        [8, 'shell · npm test · exit 1'],
        [9, 'command-terminal · failed'],
      ],
    );
  });

  it('are taken until the answer is full, one at least', () => {
    const events = [4, 4, 4].map((length) => event('command_output', { text: 'x'.repeat(length) }));
    assert.deepEqual(
      [12, 11, 4, 1].map((max) => howManyFit(events, max)),
      [3, 2, 1, 1],
    );
    assert.equal(howManyFit([], 10), 0);
  });

  it('are cut with a word on the rest', () => {
    assert.equal(cutText('abc', 3, 'x'), 'abc');
    assert.equal(cutText('abcdef', 3, 'ask'), 'abc… (3 characters more: ask)');
  });
});

describe('a failure, told to an agent', () => {
  const refusal = { status: 400, failureKind: 'schema-invalid' as const, message: 'is wrong', traceId: 'trc_1' };

  it('names kind, field and trace', () => {
    const told = failureText(new ApiError({ ...refusal, details: { field: 'workspaceRef' } }));
    assert.equal(told, 'schema-invalid: is wrong (field workspaceRef) [trace trc_1]');
  });

  it('says that the effect is not known where no answer came', () => {
    const told = failureText(new TransportError('GET /x: ECONNREFUSED'));
    assert.match(told, /^infra-failed: the AgentRun API does not answer \(GET \/x: ECONNREFUSED\)\. .*idempotencyKey/);
  });
});

describe('a wait with a limit', () => {
  const caller = (signal = new AbortController().signal) => {
    const told: string[] = [];
    return { told, call: { signal, progress: (message: string) => void told.push(message) } };
  };
  const aborted = (signal: AbortSignal) =>
    new Promise<number>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));

  it('answers what came, and tells no more often than once a second', async () => {
    const { call, told } = caller();
    const work = async (_: AbortSignal, tell: (message: string) => void) => {
      for (const message of ['a', 'b', 'c']) tell(message);
      return 7;
    };
    assert.equal(await within(call, 1_000, work), 7);
    assert.deepEqual(told, ['a']);
  });

  it('answers nothing when the time is over', async () => {
    assert.equal(await within(caller().call, 10, aborted), undefined);
  });

  it('ends when the caller gives up', async () => {
    const gone = new AbortController();
    const wait = within(caller(gone.signal).call, 10_000, aborted);
    gone.abort(new Error('the caller went away'));
    await assert.rejects(wait, /the caller went away/);
  });

  it('does not hide what went wrong', async () => {
    await assert.rejects(
      within(caller().call, 1_000, () => Promise.reject(new Error('broken'))),
      /broken/,
    );
  });
});

describe('who may speak over HTTP', () => {
  const authorization = 'Bearer abc.def';
  const ask = (headers: Record<string, string>) => admit(headers, 9000);

  it('is who has a token and calls this machine by its name', () => {
    for (const host of ['127.0.0.1:9000', 'LOCALHOST:9000', '[::1]:9000'])
      assert.deepEqual(ask({ host, authorization }), { token: 'abc.def' });
  });

  for (const [what, headers, status] of [
    ['another name', { host: 'rebound.example:9000', authorization }, 403],
    ['a name that begins like ours', { host: 'localhost.example:9000', authorization }, 403],
    ['another port', { host: '127.0.0.1:80', authorization }, 403],
    ['no name', { authorization }, 403],
    ['a page of elsewhere', { host: '127.0.0.1:9000', origin: 'http://page.example', authorization }, 403],
    ['a page without an origin of its own', { host: '127.0.0.1:9000', origin: 'null', authorization }, 403],
    ['no token', { host: '127.0.0.1:9000' }, 401],
    ['another scheme', { host: '127.0.0.1:9000', authorization: 'Basic YTpi' }, 401],
  ] as const) {
    it(`is not one with ${what}`, () => {
      const admission = ask(headers);
      assert.ok('status' in admission && admission.status === status, JSON.stringify(admission));
    });
  }
});
