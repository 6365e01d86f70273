import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cli, UpStack } from '../support/cli.js';
import { startMockProvider, type MockProvider } from '../support/mock-provider.js';
import { httpError } from '../support/mock-provider/failures.js';

const KEY = 'sk-planted-0123456789';
const configOf = (baseUrl: string) => `model_provider = "local" # ours

[model_providers.local]
name = "Local"
base_url = "${baseUrl}"
env_key = "LOCAL_API_KEY"
http_headers = { X-Team = "planted-header" }
request_max_retries = 0
`;

describe('agentrun profile, against `agentrun up`', function () {
  let stack: UpStack;
  let provider: MockProvider;
  let config: string;

  before(async function () {
    this.timeout(120_000);
    [stack, provider] = await Promise.all([UpStack.start(), startMockProvider(() => httpError(401))]);
    config = configOf(provider.baseUrl);
  });
  after(async () => {
    await stack.remove();
    await provider.close();
  });

  const profile = (...args: string[]) => stack.run('profile', ...args);

  it('tells what is not set yet', async () => {
    const { code, stdout } = await profile('show', 'work');
    assert.equal(code, 0);
    assert.match(stdout, /^ready\tno$/m);
    assert.match(stdout, /^credential\tnone$/m);
    const unset = await profile('config', 'work');
    assert.deepEqual([unset.code, unset.stdout], [0, '']);
    assert.match(unset.stderr, /no configuration file: set one with --file/);
    assert.match((await profile('list')).stdout, /^codex\tcodex\tnot set\t/);
  });

  it('sets a configuration from a file or standard input, and prints it with its secrets hidden', async () => {
    const file = join(stack.dataDir, 'work.toml');
    await writeFile(file, config);
    const set = await profile('config', 'work', '--file', file);
    assert.equal(set.code, 0, set.stderr);
    assert.match(set.stdout, /^✓ work: configuration set {2}sha256 [0-9a-f]{64}\n$/);
    const { stdout } = await profile('config', 'work');
    assert.equal(stdout, config.replace('"planted-header"', '"[redacted]"'));
    const piped = await cli(
      ['profile', 'config', 'other', '--file', '-', '--json'],
      stack.environment,
      'model = "x"\n',
    );
    assert.equal(JSON.parse(piped.stdout).config, 'model = "x"\n');
    assert.equal((await profile('remove', 'other')).stdout, '✓ other: removed config\n');
    assert.equal((await profile('remove', 'other')).stdout, 'other: there was nothing to remove\n');
  });

  it('says where a configuration is wrong, and keeps the one before', async () => {
    const before = await stack.json('profile', 'config', 'work');
    const wrong = await cli(['profile', 'config', 'work', '--file', '-'], stack.environment, 'a = 1\nb = "planted');
    assert.equal(wrong.code, 1);
    assert.match(wrong.stderr, /config is not valid TOML at line 2, column 5/);
    assert.deepEqual(await stack.json('profile', 'config', 'work'), before);
  });

  it('takes an API key from standard input or a variable, and an auth.json from a file; never shows any', async () => {
    const piped = await cli(['profile', 'credential', 'work', '--api-key-stdin'], stack.environment, `${KEY}\n`);
    assert.equal(piped.code, 0, piped.stderr);
    const [, fingerprint] = /^✓ work: api-key set {2}fingerprint ([0-9a-f]{12})\n$/.exec(piped.stdout) ?? [];
    const environment = { ...stack.environment, MY_KEY: KEY };
    const named = await cli(['profile', 'credential', 'work', '--api-key-env', 'MY_KEY', '--json'], environment);
    assert.equal(JSON.parse(named.stdout).fingerprint, fingerprint);
    const file = join(stack.dataDir, 'auth.json');
    await writeFile(file, JSON.stringify({ OPENAI_API_KEY: KEY }));
    const ofFile = await profile('credential', 'work', '--auth-json', file);
    assert.match(ofFile.stdout, /^✓ work: auth-json set/);
    const shown = await stack.json('profile', 'show', 'work');
    assert.equal(shown.credential.type, 'auth-json');
    const said = JSON.stringify([piped, named, ofFile, shown, await profile('list')]);
    assert.doesNotMatch(said, /planted/);
  });

  it('refuses what is no key, without repeating it', async () => {
    const { code, stderr } = await cli(
      ['profile', 'credential', 'work', '--api-key-stdin'],
      stack.environment,
      'planted is no key',
    );
    assert.equal(code, 1);
    assert.match(stderr, /apiKey must be 8 to 4096 printable ASCII characters/);
    assert.doesNotMatch(stderr, /planted/);
  });

  // On a machine with codex its provider refuses it, on another one no agent starts.
  it('tries a profile with a real run, and ends with 5 and a diagnosis when it does not answer', async () => {
    const { code, stdout } = await profile('validate', 'work', '--json');
    assert.equal(code, 5);
    const validation = JSON.parse(stdout);
    assert.deepEqual([validation.profile, validation.state], ['work', 'failed']);
    assert.match(validation.diagnosis, /^The (run|turn) /);
    const plain = await profile('validate', 'work');
    assert.equal(plain.code, 5);
    assert.match(plain.stdout, /^val_\w+\twork\tfailed\t\d+\t[a-z-]+\tThe /);
    assert.equal((await profile('validate', 'nobody')).code, 1);
  }).timeout(60_000);

  it('lets a run name the profile, and says so when it is removed', async () => {
    const { run } = await stack.json('run', 'create', '--backend', 'work');
    assert.equal(run.backendProfile, 'work');
    assert.equal((await stack.run('run', 'cancel', run.id)).code, 0);
    assert.equal((await profile('remove', 'work')).stdout, '✓ work: removed config and credential\n');
    const { code, stderr } = await stack.run('run', 'create', '--backend', 'work');
    assert.equal(code, 1);
    assert.match(stderr, /backendProfile must be one of exec, codex/);
  });
});
