import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import assert from 'node:assert/strict';
import { readPayloadKeys } from '../../../src/config/payload-settings.js';
import { ConfigurationError, readSettings } from '../../../src/config.js';
import { clear } from '../../../src/temporal/clear-history.js';
import { encryptingCodec } from '../../../src/temporal/payload-codec.js';

const KEY = { a: 'a'.repeat(32), b: 'b'.repeat(40) };
const codecOf = (keys: string, encryption = 'on') => {
  const settings = { AGENTRUN_PAYLOAD_KEYS: keys, AGENTRUN_PAYLOAD_ENCRYPTION: encryption };
  return encryptingCodec(readPayloadKeys(readSettings(settings)) ?? assert.fail('there are no keys'));
};
const payload = (value: unknown): Payload => defaultPayloadConverter.toPayload(value) ?? assert.fail('no payload');
const textOf = ({ metadata, data }: Payload) =>
  Buffer.concat([...Object.values(metadata ?? {}), data ?? new Uint8Array()]).toString('latin1');

describe('the payload codec', () => {
  const both = codecOf(`a:${KEY.a},b:${KEY.b}`);

  it('makes of each payload another one that says nothing, and gives it back as it was', async () => {
    const values = [
      { tenantId: 'acme', text: 'ü'.repeat(10_000) },
      null,
      undefined,
      '',
      [1, 2],
      new Uint8Array([0, 255]),
    ];
    const payloads = values.map(payload);
    const sealed = await both.encode(payloads);
    for (const one of sealed) assert.doesNotMatch(textOf(one), /acme|tenantId|json\/plain/);
    assert.notDeepEqual(await both.encode(payloads), sealed, 'each time anew');
    const opened = await both.decode(sealed);
    assert.deepEqual(
      opened.map((one) => defaultPayloadConverter.fromPayload(one)),
      values,
    );
  });

  it('encrypts with the first key, and reads with each, and what was never encrypted', async () => {
    const [old] = await codecOf(`b:${KEY.b}`).encode([payload('old')]);
    const [fresh] = await both.encode([payload('new')]);
    assert.equal(Buffer.from(fresh?.metadata?.['encryption-key-id'] ?? []).toString(), 'a');
    const opened = await both.decode([old!, fresh!, payload('clear')]);
    assert.deepEqual(
      opened.map((one) => defaultPayloadConverter.fromPayload(one)),
      ['old', 'new', 'clear'],
    );
  });

  it('only reads where it is told so', async () => {
    const reader = codecOf(`a:${KEY.a}`, 'decrypt-only');
    const plain = payload('x');
    assert.deepEqual(await reader.encode([plain]), [plain]);
    const [opened] = await reader.decode(await both.encode([plain]));
    assert.equal(defaultPayloadConverter.fromPayload(opened!), 'x');
  });

  it('refuses what was altered, cut off, or is for a key that is not here, and repeats nothing of it', async () => {
    const [sealed] = await both.encode([payload('secret-word')]);
    const data = Buffer.from(sealed?.data ?? []);
    const flipped = Buffer.from(data);
    flipped[20] = (flipped[20] ?? 0) ^ 1;
    for (const [keys, changed] of [
      [`a:${KEY.a}`, flipped],
      [`a:${KEY.a}`, data.subarray(0, 10)],
      [`a:${KEY.a}`, data.subarray(0, data.length - 1)],
      [`b:${KEY.b}`, data],
      [`a:${KEY.b}`, data],
    ] as const) {
      await assert.rejects(codecOf(keys).decode([{ ...sealed, data: changed }]), (error: Error) => {
        assert.doesNotMatch(error.message, /secret-word|aaaa|bbbb/);
        return true;
      });
    }
  });

  it('lets a history be read in the clear as far as there are keys, failures in their own words', async () => {
    const [input, words] = await both.encode([payload({ attempt: 2 }), payload({ message: 'why', stack_trace: '' })]);
    const [other] = await codecOf(`c:${'c'.repeat(32)}`).encode([payload('unknown')]);
    const failure = { message: 'Encoded failure', encodedAttributes: words, cause: { cause: null } };
    const events = [{ scheduled: { input: { payloads: [input, payload('clear'), other] } }, failed: { failure } }];
    const [event] = await clear(events, [both]);
    const read = (one: unknown) => defaultPayloadConverter.fromPayload(one as Payload);
    assert.deepEqual(event?.scheduled.input.payloads.slice(0, 2).map(read), [{ attempt: 2 }, 'clear']);
    assert.equal(event?.failed.failure.message, 'why');
    assert.throws(() => read(event?.scheduled.input.payloads[2]));
  });
});

describe('keys of payloads', () => {
  it('are none by default, and need nothing else', () => {
    assert.equal(readPayloadKeys(readSettings({})), undefined);
  });

  for (const [what, keys] of [
    ['a key without a name', KEY.a],
    ['a short key', 'a:short-secret'],
    ['a name twice', `a:${KEY.a},a:${KEY.b}`],
    ['a name that is none', `A b:${KEY.a}`],
    ['an empty entry', `a:${KEY.a},`],
  ] as const) {
    it(`are refused with ${what}, and not repeated`, () => {
      assert.throws(
        () => readSettings({ AGENTRUN_PAYLOAD_KEYS: keys }),
        (error: Error) => {
          assert.ok(error instanceof ConfigurationError && error.message.startsWith('AGENTRUN_PAYLOAD_KEYS'));
          assert.doesNotMatch(error.message, /aaaa|short-secret/);
          return true;
        },
      );
    });
  }
});
