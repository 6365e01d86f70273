import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { SessionId } from '../../../src/contract/common.js';
import { afterSeq, integerField, limit, rawTextField, textField, wordField } from '../../../src/http/query-fields.js';

describe('integer query parameters', () => {
  it('take what is a non-negative integer', () => {
    assert.equal(afterSeq.read('0', 'afterSeq'), 0);
    assert.equal(afterSeq.read('12', 'afterSeq'), 12);
    assert.equal(limit(20).read('500', 'limit'), 500);
  });

  it('take their default for anything else', () => {
    for (const raw of [undefined, '', '-1', '1.5', '1e3', 'ten', ' 1', '0x10', ['1', '2']]) {
      assert.equal(afterSeq.read(raw, 'afterSeq'), 0, String(raw));
      assert.equal(limit(20).read(raw, 'limit'), 20, String(raw));
    }
    assert.equal(limit(20).read('0', 'limit'), 20, 'a page holds at least one');
  });

  it('are cut to their maximum', () => {
    assert.equal(limit(20).read('501', 'limit'), 500);
    assert.equal(afterSeq.read('99999999999999999999999', 'afterSeq'), 2_147_483_647);
    assert.equal(integerField({ default: 0, maximum: 60_000 }, '').read('120000', 'waitMs'), 60_000);
  });
});

describe('word query parameters', () => {
  const state = wordField(['open'] as const, '');

  it('take their words, and nothing when absent or empty', () => {
    assert.equal(state.read('open', 'state'), 'open');
    assert.equal(state.read(undefined, 'state'), undefined);
    assert.equal(state.read('', 'state'), undefined);
  });

  it('refuse any other, naming the parameter and the words', () => {
    assert.throws(() => state.read('opened', 'state'), {
      failureKind: 'schema-invalid',
      message: 'state must be one of open',
      details: { field: 'state' },
    });
    assert.throws(() => state.read(['open', 'open'], 'state'), { message: 'state must be given once' });
  });
});

describe('text query parameters', () => {
  it('must be as their schema says', () => {
    const field = textField(SessionId, '');
    assert.equal(field.read('a.b:c-1', 'sessionId'), 'a.b:c-1');
    assert.throws(() => field.read('-x', 'sessionId'), { details: { field: 'sessionId' } });
  });

  it('keep an empty value where it means something', () => {
    assert.equal(rawTextField(SessionId, '').read('', 'knownCancelMark'), '');
    assert.equal(rawTextField(SessionId, '').read(undefined, 'knownCancelMark'), undefined);
  });
});
