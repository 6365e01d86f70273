import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { AgentRunError } from '../../../../src/domain/errors.js';
import type { ProfileCredentialWrite } from '../../../../src/contract/provider-profile.js';
import { credentialOf, fingerprintOf } from '../../../../src/operations/provider-profiles/credentials.js';

describe('a credential', () => {
  it('is an API key, or the auth.json of codex as object or text', () => {
    assert.deepEqual(credentialOf({ apiKey: 'sk-12345678' }), { type: 'api-key', value: 'sk-12345678' });
    const login = { tokens: { access_token: 'a', refresh_token: 'r' }, last_refresh: 'now' };
    assert.deepEqual(credentialOf({ authJson: login }), { type: 'auth-json', value: JSON.stringify(login) });
    const text = '{ "OPENAI_API_KEY": "sk-12345678" }';
    assert.deepEqual(credentialOf({ authJson: text }), { type: 'auth-json', value: text });
  });

  const REFUSED: [what: string, given: ProfileCredentialWrite, field: string][] = [
    ['nothing', {}, 'apiKey'],
    ['both', { apiKey: 'planted-key', authJson: '{}' }, 'authJson'],
    ['a key that is a sentence', { apiKey: 'planted is no key' }, 'apiKey'],
    ['a key with a line end', { apiKey: 'planted-key\n' }, 'apiKey'],
    ['a key that is too short', { apiKey: 'planted' }, 'apiKey'],
    ['a key that is too long', { apiKey: 'planted'.repeat(1_000) }, 'apiKey'],
    ['a key of other letters', { apiKey: 'planted-kéy' }, 'apiKey'],
    ['a text that is no JSON', { authJson: '{"planted' }, 'authJson'],
    ['JSON that is no object', { authJson: '["planted"]' }, 'authJson'],
    ['an object of another form', { authJson: { token: 'planted' } }, 'authJson'],
    ['a login without its token', { authJson: { tokens: { access_token: '', id: 'planted' } } }, 'authJson'],
    ['a form with no key in it', { authJson: { OPENAI_API_KEY: 'planted is no key' } }, 'authJson.OPENAI_API_KEY'],
  ];
  for (const [what, given, field] of REFUSED) {
    it(`is refused where it is ${what}, and nothing of it is repeated`, () => {
      assert.throws(
        () => credentialOf(given),
        (error) => {
          assert.ok(error instanceof AgentRunError);
          assert.equal(error.details.field, field);
          assert.doesNotMatch(JSON.stringify([error.message, error.details]), /planted/);
          return true;
        },
      );
    });
  }

  it('has a fingerprint that tells it from others, and nothing else', async () => {
    const [one, same, other] = await Promise.all(
      ['sk-12345678', 'sk-12345678', 'sk-12345679'].map(async (apiKey) => fingerprintOf(credentialOf({ apiKey }))),
    );
    assert.match(one ?? '', /^[0-9a-f]{12}$/);
    assert.equal(one, same);
    assert.notEqual(one, other);
  });
});
