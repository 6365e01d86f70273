import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError, readRunnerConfig } from '../../src/runner/config.js';
import { NoTokenError, readHandover } from '../../src/runner/handover.js';

const NEEDED = {
  AGENTRUN_MANAGER_URL: 'http://127.0.0.1:8080',
  AGENTRUN_RUN_ID: 'run_1',
  AGENTRUN_RUNNER_ID: 'rnr_1',
  AGENTRUN_VOLUME_DIR: '/volume',
};

describe("the runner's settings", () => {
  it('have defaults but for the four that are needed', () => {
    const config = readRunnerConfig(NEEDED);
    const { leaseMs, idleTimeoutMs, attempt, jobName, agentEnvironment } = config;
    assert.deepEqual([leaseMs, idleTimeoutMs, attempt, jobName], [180_000, 600_000, undefined, 'by-hand-run_1']);
    assert.deepEqual(agentEnvironment, {});
  });

  for (const name of Object.keys(NEEDED)) {
    it(`name ${name} when it is missing`, () => {
      const without = Object.fromEntries(Object.entries(NEEDED).filter(([key]) => key !== name));
      assert.throws(
        () => readRunnerConfig(without),
        (error) => error instanceof ConfigError && error.message.includes(name),
      );
    });
  }

  for (const [name, value] of [
    ['AGENTRUN_MANAGER_URL', 'ftp://x'],
    ['AGENTRUN_VOLUME_DIR', 'relative'],
    ['AGENTRUN_ATTEMPT', '0'],
    ['AGENTRUN_LEASE_MS', '10'],
    ['AGENTRUN_RUNNER_IDLE_TIMEOUT_MS', 'soon'],
  ] as const) {
    it(`refuse ${name}=${value}`, () => {
      assert.throws(() => readRunnerConfig({ ...NEEDED, [name]: value }), new RegExp(name));
    });
  }

  it('hand the agent what is meant for it and nothing else', () => {
    const more = {
      PATH: '/bin',
      LC_ALL: 'C',
      AWS_SECRET: 'x',
      AGENTRUN_AGENT_ENV_PATH: '/own',
      AGENTRUN_AGENT_ENV_NODE_OPTIONS: '-x',
    };
    const { agentEnvironment, ownEnvironment } = readRunnerConfig({ ...NEEDED, ...more });
    assert.deepEqual(ownEnvironment, { PATH: '/bin', LC_ALL: 'C' });
    assert.deepEqual(agentEnvironment, { PATH: '/own', LC_ALL: 'C', NODE_OPTIONS: '-x' });
  });
});

describe('what the runner is handed', () => {
  const SECRETS = { 'provider-profile/codex': { config: 'model = "m"\n', apiKey: 'sk-1' } };

  it('is the first line of stdin, whether or not stdin ends', async () => {
    const input = new Readable({ read() {} });
    input.push('{"runnerTo');
    input.push(`ken":"abc","secrets":${JSON.stringify(SECRETS)}}\nmore`);
    assert.deepEqual(await readHandover(readRunnerConfig(NEEDED), input), { token: 'abc', secrets: SECRETS });
  });

  it('may be a token alone, and passes over what is no text', async () => {
    const read = (line: string) => readHandover(readRunnerConfig(NEEDED), Readable.from([line]));
    assert.deepEqual(await read('{"runnerToken":"abc"}\n'), { token: 'abc', secrets: {} });
    const odd = await read('{"runnerToken":"abc","secrets":{"provider-profile/x":{"n":1,"apiKey":"k"},"y":null}}\n');
    assert.deepEqual(odd.secrets, { 'provider-profile/x': { apiKey: 'k' }, y: {} });
  });

  it('holds a secret of many kilobytes', async () => {
    const secrets = { 'provider-profile/codex': { authJson: 'x'.repeat(300_000) } };
    const line = `${JSON.stringify({ runnerToken: 'abc', secrets })}\n`;
    const pieces = Array.from({ length: Math.ceil(line.length / 65_536) }, (_, index) =>
      line.slice(index * 65_536, (index + 1) * 65_536),
    );
    assert.deepEqual((await readHandover(readRunnerConfig(NEEDED), Readable.from(pieces))).secrets, secrets);
  });

  it('comes by mounted files where the token does', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'agentrun-token-'));
    await writeFile(join(folder, 'token'), 'abc\n');
    const mounted = { ...NEEDED, AGENTRUN_RUNNER_TOKEN_FILE: join(folder, 'token') };
    const bare = await readHandover(readRunnerConfig(mounted), Readable.from([]));
    assert.deepEqual(bare, { token: 'abc', secrets: {} });
    // As the kubelet lays them: names are links into a hidden folder.
    const bundle = join(folder, 'secrets', 'provider-profile', 'codex');
    await mkdir(join(bundle, '..data'), { recursive: true });
    for (const [field, value] of Object.entries(SECRETS['provider-profile/codex'])) {
      await writeFile(join(bundle, '..data', field), value);
      await symlink(join('..data', field), join(bundle, field));
    }
    const config = readRunnerConfig({ ...mounted, AGENTRUN_RUNNER_SECRETS_DIR: join(folder, 'secrets') });
    assert.deepEqual(await readHandover(config, Readable.from([])), { token: 'abc', secrets: SECRETS });
    await rm(folder, { recursive: true });
  });

  for (const text of ['', '\n', 'no json\n', 'null\n', '{"runnerToken":""}\n', '{}\n']) {
    it(`has no token in ${JSON.stringify(text)}`, async () => {
      await assert.rejects(readHandover(readRunnerConfig(NEEDED), Readable.from([text])), NoTokenError);
    });
  }
});
