import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError, readRunnerConfig } from '../../src/runner/config.js';
import { NoTokenError, readRunnerToken } from '../../src/runner/runner-token.js';

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
    const { agentEnvironment } = readRunnerConfig({ ...NEEDED, ...more });
    assert.deepEqual(agentEnvironment, { PATH: '/own', LC_ALL: 'C', NODE_OPTIONS: '-x' });
  });
});

describe("the runner's token", () => {
  it('is in the first line of stdin, whether or not stdin ends', async () => {
    const input = new Readable({ read() {} });
    input.push('{"runnerTo');
    input.push('ken":"abc"}\nmore');
    assert.equal(await readRunnerToken(undefined, input), 'abc');
  });

  it('is all of the mounted file', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'agentrun-token-'));
    await writeFile(join(folder, 'token'), 'abc\n');
    assert.equal(await readRunnerToken(join(folder, 'token'), Readable.from([])), 'abc');
    await rm(folder, { recursive: true });
  });

  for (const text of ['', '\n', 'no json\n', '{"runnerToken":""}\n', '{}\n']) {
    it(`is missed in ${JSON.stringify(text)}`, async () => {
      await assert.rejects(readRunnerToken(undefined, Readable.from([text])), NoTokenError);
    });
  }
});
