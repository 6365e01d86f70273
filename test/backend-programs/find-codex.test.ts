import assert from 'node:assert/strict';
import { chmod, copyFile, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import {
  CODEX_NOT_INSTALLED,
  CODEX_VERSION,
  CodexPathUnusable,
  findCodex,
  whyNoCodex,
} from '../../src/backend-programs/find-codex.js';
import { CODEX_FETCH_TIMEOUT_MS, codexForTests } from '../support/codex.js';
import { cacheDir } from '../support/temporal-server.js';

describe('the codex program', function () {
  let real: string;
  let wrapper: string;
  let folder: string;

  before(async function () {
    this.timeout(CODEX_FETCH_TIMEOUT_MS);
    real = await codexForTests();
    wrapper = join(cacheDir, 'codex', CODEX_VERSION, 'node_modules/@openai/codex/bin/codex.js');
  });
  beforeEach(async () => {
    folder = await realpath(await mkdtemp(join(tmpdir(), 'agentrun-codex-')));
  });
  afterEach(() => rm(folder, { recursive: true }));

  /** A file that can be run, called `codex`, in a folder of its own. */
  const program = async (name: string) => {
    await mkdir(join(folder, name));
    const path = join(folder, name, 'codex');
    await writeFile(path, '#!/bin/sh\n');
    await chmod(path, 0o755);
    return path;
  };

  it('is the one that the setting names, before any other', async () => {
    const [named, onPath] = [await program('named'), await program('bin')];
    const found = await findCodex({ explicitPath: named, pathEnv: dirname(onPath), cacheDir });
    assert.deepEqual(found, { path: named, source: 'AGENTRUN_CODEX_PATH' });
  });

  it('is never another one when the setting names none: the fault names the setting', async () => {
    const search = { explicitPath: join(folder, 'nothing'), pathEnv: dirname(await program('bin')), cacheDir };
    const said = `AGENTRUN_CODEX_PATH is ${search.explicitPath}, which is not an executable file`;
    await assert.rejects(findCodex(search), new CodexPathUnusable(said));
    assert.equal(await whyNoCodex(search), said);
    await assert.rejects(findCodex({ ...search, explicitPath: folder }), /not an executable file/);
  });

  it('is the first on the PATH, before the installed one', async () => {
    await mkdir(join(folder, 'empty'));
    const [first, second] = [await program('first'), await program('second')];
    const pathEnv = [join(folder, 'empty'), dirname(first), dirname(second)].join(delimiter);
    assert.deepEqual(await findCodex({ pathEnv, cacheDir }), { path: first, source: 'PATH' });
  });

  it('is what npm has put beside its script, not the script', async () => {
    await symlink(wrapper, join(folder, 'codex'));
    const expected = { path: real, version: CODEX_VERSION };
    assert.deepEqual(await findCodex({ pathEnv: folder }), { ...expected, source: 'PATH' });
    const explicit = await findCodex({ explicitPath: wrapper, pathEnv: '' });
    assert.deepEqual(explicit, { ...expected, source: 'AGENTRUN_CODEX_PATH' });
  });

  it('is looked for further where npm left a script without its program', async () => {
    const alone = join(folder, 'node_modules/@openai/codex/bin/codex.js');
    await mkdir(dirname(alone), { recursive: true });
    await copyFile(wrapper, alone);
    await symlink(alone, join(folder, 'codex'));
    assert.equal(await findCodex({ pathEnv: folder, cacheDir: join(folder, 'cache') }), undefined);
    assert.equal((await findCodex({ pathEnv: folder, cacheDir }))?.source, 'cache');
    const said = /AGENTRUN_CODEX_PATH is .*, a script whose codex program is not beside it/;
    await assert.rejects(findCodex({ explicitPath: alone, pathEnv: '' }), said);
  });

  it('is the installed one where the PATH has none', async () => {
    const found = await findCodex({ pathEnv: folder, cacheDir });
    assert.deepEqual(found, { path: real, version: CODEX_VERSION, source: 'cache' });
    assert.equal(await whyNoCodex({ pathEnv: folder, cacheDir }), null);
  });

  it('is missing where it is nowhere, and what to do is said', async () => {
    const search = { pathEnv: ['relative', folder].join(delimiter), cacheDir: folder };
    assert.equal(await findCodex(search), undefined);
    assert.equal(await whyNoCodex(search), CODEX_NOT_INSTALLED);
    assert.match(CODEX_NOT_INSTALLED, /agentrun backend install codex.*PATH.*AGENTRUN_CODEX_PATH/);
  });
});
