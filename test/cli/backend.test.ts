import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, readdir, realpath, rm, symlink } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CODEX_VERSION } from '../../src/backend-programs/find-codex.js';
import { freePort } from '../support/free-port.js';
import { Api, type Loose } from '../support/api.js';
import { cli, CliProcess } from '../support/cli.js';
import { CODEX_FETCH_TIMEOUT_MS, codexForTests } from '../support/codex.js';
import { cacheDir } from '../support/temporal-server.js';
import { startTestManager, type TestManager } from '../support/test-manager.js';

describe('agentrun backend', function () {
  let real: string;
  let folder: string;

  before(async function () {
    this.timeout(CODEX_FETCH_TIMEOUT_MS);
    real = await codexForTests();
    folder = await realpath(await mkdtemp(join(tmpdir(), 'agentrun-backend-')));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  describe('list', () => {
    let manager: TestManager;
    before(async function () {
      this.timeout(90_000);
      manager = await startTestManager({ AGENTRUN_CODEX_PATH: join(folder, 'codex') });
    });
    after(() => manager.stop());
    const list = (...options: string[]) =>
      cli(['backend', 'list', ...options], {
        AGENTRUN_URL: manager.url,
        AGENTRUN_OPERATOR_TOKEN: manager.operatorToken,
      });

    const codex = async (): Promise<Loose> =>
      JSON.parse((await list('--json')).stdout).find(({ name }: Loose) => name === 'codex');

    it('says why a backend is not ready, and that it is as soon as its program and its credential are there', async () => {
      const { stdout, code } = await list();
      assert.equal(code, 0);
      assert.match(stdout, /^exec\texec\tready\tsteer,interrupt,resume\t$/m);
      assert.match(
        stdout,
        /^codex\tcodex\tnot ready\tsteer,interrupt,resume,usage\tAGENTRUN_CODEX_PATH is .*\/codex, which/m,
      );
      await symlink(real, join(folder, 'codex'));
      assert.match((await codex()).reason, /no credential is set/);
      const api = new Api(manager.url, manager.operatorToken);
      await api.ok('PUT', '/api/v1/provider-profiles/codex/credential', { apiKey: 'sk-of-a-test' });
      const { ready, reason } = await codex();
      assert.deepEqual([ready, reason], [true, null]);
    });
  });

  describe('install codex', function () {
    this.timeout(60_000);
    const install = ['backend', 'install', 'codex'];
    /** A registry that npm must ask: nothing of it is in npm's cache. */
    const fetching = (cache: string, registry: string) => ({
      AGENTRUN_CACHE_DIR: join(folder, cache),
      npm_config_registry: registry,
      npm_config_fetch_retries: '0',
    });
    const leftIn = (cache: string) => readdir(join(folder, cache, 'codex'));

    it('finds what is there already, and prints where', async () => {
      const { stdout, code } = await cli([...install, '--json'], { AGENTRUN_CACHE_DIR: cacheDir });
      assert.equal(code, 0);
      assert.deepEqual(JSON.parse(stdout), { path: real, version: CODEX_VERSION });
      const plain = await cli(install, { AGENTRUN_CACHE_DIR: cacheDir, AGENTRUN_CODEX_PATH: process.execPath });
      assert.equal(plain.stdout, `${real}\n`);
      assert.match(plain.stderr, /runners here go on using .*, which AGENTRUN_CODEX_PATH names/);
    });

    it('says what failed and what to do where the registry is not there, and leaves nothing behind', async () => {
      const { code, stdout, stderr } = await cli(install, fetching('cut', `http://127.0.0.1:${await freePort()}/`));
      assert.deepEqual([code, stdout], [1, '']);
      assert.match(stderr, /could not install codex .*: Command failed with exit code 1: .*npm install/);
      assert.match(stderr, /ECONNREFUSED/);
      assert.match(stderr, /make npm and its registry available, or put a codex program on the PATH, or set AGENTRUN_/);
      assert.deepEqual(await leftIn('cut'), []);
    });

    it('says that there is no npm', async () => {
      const { code, stdout } = await cli([...install, '--json'], {
        AGENTRUN_CACHE_DIR: join(folder, 'none'),
        PATH: folder,
      });
      const failure = JSON.parse(stdout);
      assert.deepEqual([code, failure.ok], [1, false]);
      assert.match(failure.message, /there is no npm on the PATH$/);
    });

    it('leaves nothing behind when it is stopped in the middle', async () => {
      const silent: Server = createServer(() => undefined).listen(0, '127.0.0.1');
      await once(silent, 'listening');
      const asked = once(silent, 'request');
      const { port } = silent.address() as AddressInfo;
      const process = new CliProcess(install, fetching('stopped', `http://127.0.0.1:${port}/`));
      await asked;
      const { code, stderr } = await process.stop('SIGINT');
      silent.closeAllConnections();
      silent.close();
      assert.equal(code, 130, stderr);
      assert.match(stderr, /stopped: nothing was installed/);
      assert.deepEqual(await leftIn('stopped'), []);
    });

    it('knows no other program', async () => {
      const { code, stderr } = await cli(['backend', 'install', 'exec']);
      assert.equal(code, 2);
      assert.match(stderr, /Allowed choices are codex/);
    });
  });
});
