import assert from 'node:assert/strict';
import { chmod, cp, mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, describe, it } from 'mocha';
import { postgresPackage, runnableBinaries, type PostgresPackage } from '../../src/embedded/postgres-binaries.js';
import { serverUser } from '../../src/embedded/postgres-user.js';
import { isRoot, recorder, Scratch } from './scratch.js';

describe('the PostgreSQL programs', function () {
  this.timeout(60_000);
  const scratch = new Scratch();
  afterEach(() => scratch.clean());

  /** As npm unpacks it when it blocks install scripts: without any symbolic link. */
  const freshPackage = async (): Promise<PostgresPackage> => {
    const installed = await postgresPackage();
    const folder = join(await scratch.folder(), 'package');
    await cp(installed.folder, folder, { recursive: true, verbatimSymlinks: true });
    const lib = join(folder, 'native', 'lib');
    for (const entry of await readdir(lib, { withFileTypes: true })) {
      if (entry.isSymbolicLink()) await rm(join(lib, entry.name));
    }
    await assert.rejects(execa(join(folder, 'native', 'bin', 'postgres'), ['--version']), /libicu/);
    return { ...installed, folder };
  };
  const user = () => serverUser('/nonexistent');
  const version = async (program: string) =>
    (await execa(program, ['--version'], { ...(await user()), cwd: '/' })).stdout;

  it('run without the package having run its install script', async () => {
    const fresh = await freshPackage();
    const copyTo = join(await scratch.folder(), 'copies');
    const { postgres } = await runnableBinaries(fresh, await user(), copyTo, () => {});
    assert.equal(postgres, join(fresh.folder, 'native', 'bin', 'postgres'));
    assert.match(await version(postgres), /PostgreSQL/);
  });

  it('run from a copy, made once, when the installed ones cannot be used in place', async () => {
    const fresh = await freshPackage();
    // Root is stopped by no mode, but its server's user is.
    const closed = isRoot ? join(fresh.folder, '..') : join(fresh.folder, 'native', 'lib');
    await chmod(closed, isRoot ? 0o700 : 0o555);
    scratch.later(() => chmod(closed, 0o755));
    const copyTo = join(await scratch.folder(), 'copies');
    await mkdir(copyTo);
    const progress = recorder();
    const [first, second] = await Promise.all([
      runnableBinaries(fresh, await user(), copyTo, progress.onProgress),
      runnableBinaries(fresh, await user(), copyTo, progress.onProgress),
    ]);
    assert.deepEqual(first, second);
    assert.ok(first.initdb.startsWith(copyTo));
    assert.match(await version(first.initdb), /PostgreSQL/);
    const again = recorder();
    assert.deepEqual(await runnableBinaries(fresh, await user(), copyTo, again.onProgress), first);
    assert.deepEqual(again.steps, []);
    assert.equal((await readdir(copyTo)).length, 1);
  });
});
