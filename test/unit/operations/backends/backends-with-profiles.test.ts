import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import type { BackendProfile } from '../../../../src/contract/backend.js';
import { profileRef, type ProfileFields } from '../../../../src/domain/profiles.js';
import { LocalSecrets } from '../../../../src/local-platform/local-secrets.js';
import { backendsWithProfiles } from '../../../../src/operations/backends/backends-with-profiles.js';
import type { BackendCatalog } from '../../../../src/ports/backend-catalog.js';

const capabilities = { steer: true, interrupt: true, resume: true, usage: true };
const backend = (name: string, reason: string | null): BackendProfile => ({
  name,
  kind: name,
  protocol: 'p',
  command: name,
  ready: reason === null,
  reason,
  capabilities,
});

/** Stands for what a machine has: whether codex is on it. */
function machine(codexReason: string | null): BackendCatalog {
  const items = [backend('exec', null), backend('codex', codexReason)];
  return {
    list: async () => items,
    get: async (name) => items.find((item) => item.name === name),
    kindOf: async (name) => items.find((item) => item.name === name)?.kind,
    tools: async () => ({ git: true }),
  };
}

const ENV_KEY = 'model_provider = "x"\n[model_providers.x]\nname = "X"\nenv_key = "X_KEY"\n';

const LOGIN = '{"OPENAI_API_KEY":null,"tokens":{"access_token":"t"}}';
const WITH_KEY = '{"OPENAI_API_KEY":"sk-12345678"}';

describe('the backends with their profiles', () => {
  let folder: string;
  let secrets: LocalSecrets;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'agentrun-catalog-'));
    secrets = new LocalSecrets(join(folder, 'secrets'), new Uint8Array(32));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const set = async (name: string, fields: ProfileFields) => secrets.merge(profileRef(name), fields);
  const catalog = (codexReason: string | null = null) =>
    backendsWithProfiles(machine(codexReason), secrets, async () => true);

  it('are the built-in ones, then each other profile that is kept, as the backend of its kind', async () => {
    await set('work', { kind: 'codex', config: ENV_KEY });
    await set('codex', { kind: 'codex', apiKey: 'sk-12345678' });
    const listed = await catalog().list();
    assert.deepEqual(
      listed.map(({ name, kind, command, ready }) => [name, kind, command, ready]),
      [
        ['exec', 'exec', 'exec', true],
        ['codex', 'codex', 'codex', true],
        ['work', 'codex', 'codex', false],
      ],
    );
    for (const item of listed) {
      assert.deepEqual(await catalog().get(item.name), item);
      assert.equal(await catalog().kindOf(item.name), item.kind);
    }
    for (const asked of [catalog().get('nobody'), catalog().kindOf('nobody')]) assert.equal(await asked, undefined);
    assert.deepEqual(await catalog().tools(), { git: true });
  });

  const READINESS: [what: string, fields: ProfileFields, reason: RegExp | null][] = [
    ['nothing set', {}, /^no credential is set: PUT \/api\/v1\/provider-profiles\/p\/credential, or `agentrun profile/],
    ['a key', { apiKey: 'sk-12345678' }, null],
    ['a login', { authJson: LOGIN }, null],
    ['a provider that takes nobody in particular', { config: 'model_provider = "ollama"' }, null],
    ['a provider with a key, and it', { config: ENV_KEY, apiKey: 'sk-12345678' }, null],
    ['a provider with a key, and a login', { config: ENV_KEY, authJson: LOGIN }, /takes an API key, .* a login alone/],
    [
      'a file that other hands broke',
      { config: 'key = "k', apiKey: 'sk-12345678' },
      /^config is not valid TOML at line 1/,
    ],
    ['a provider with a key, and an auth.json with one', { config: ENV_KEY, authJson: WITH_KEY }, null],
  ];
  for (const [what, fields, reason] of READINESS) {
    it(`${reason === null ? 'are ready' : 'are not ready'} with ${what}`, async () => {
      await set('p', { kind: 'codex', ...fields });
      const profile = await catalog().get('p');
      assert.equal(profile?.ready, reason === null);
      if (reason === null) assert.equal(profile?.reason, null);
      else assert.match(profile?.reason ?? '', reason);
    });
  }

  it('name the missing program before the missing credential', async () => {
    await set('work', { kind: 'codex' });
    for (const name of ['codex', 'work']) assert.equal((await catalog('no program').get(name))?.reason, 'no program');
  });

  it('tell of a profile that cannot be read, beside those that can', async () => {
    await set('work', { kind: 'codex', apiKey: 'sk-12345678' });
    const withOtherKey = new LocalSecrets(join(folder, 'secrets'), new Uint8Array(32).fill(1));
    const listed = await backendsWithProfiles(machine(null), withOtherKey, async () => true).list();
    const work = listed.find(({ name }) => name === 'work');
    assert.match(work?.reason ?? '', /provider-profile\/work cannot be read/);
    assert.deepEqual(await backendsWithProfiles(machine(null), withOtherKey, async () => true).get('work'), work);
  });

  it('are listed while the secrets are out of reach, those that need none as ready', async () => {
    await writeFile(join(folder, 'secrets'), 'no folder');
    const listed = await catalog().list();
    assert.deepEqual(
      listed.map(({ name, ready }) => [name, ready]),
      [
        ['exec', true],
        ['codex', false],
      ],
    );
    assert.match(listed[1]?.reason ?? '', /folder of secrets/);
    assert.equal((await catalog().get('exec'))?.ready, true);
    await assert.rejects(catalog().get('work'), { refusal: 'unavailable' });
  });
});
