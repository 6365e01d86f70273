import assert from 'node:assert/strict';
import { readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, it } from 'mocha';
import { DataFolderLocked, openDataFolder } from '../../src/embedded/data-folder.js';
import { Scratch, startProgram } from './scratch.js';

describe('the data folder', function () {
  this.timeout(30_000);
  const scratch = new Scratch();
  afterEach(() => scratch.clean());

  const program = async (dataDir: string) => {
    const started = startProgram('hold-lock', { dataDir });
    scratch.later(started.killGroup);
    await started.next();
    return started;
  };

  it('is made with its sub-folders, closed to other users', async () => {
    const path = join(await scratch.folder(), 'data');
    const folder = await openDataFolder(path);
    for (const made of [folder.path, folder.postgres, folder.temporal, folder.logs, folder.keys, folder.volumes]) {
      assert.equal((await stat(made)).mode & 0o777, 0o700, made);
    }
    assert.equal(folder.runners, join(path, 'runners'));
    await folder.release();
  });

  it('can be opened again after a release, and not before', async () => {
    const path = await scratch.folder();
    const first = await openDataFolder(path);
    await assert.rejects(openDataFolder(path), DataFolderLocked);
    await first.release();
    await first.release();
    const second = await openDataFolder(path);
    await second.release();
  });

  it('is refused while another process holds it, with its pid, and taken over when that one is dead', async () => {
    const path = await scratch.folder();
    const holder = await program(path);
    holder.child.stdin!.write('1\n');
    assert.equal((await holder.next()).held, true);
    await assert.rejects(openDataFolder(path), (error: DataFolderLocked) => {
      assert.equal(error.holderPid, holder.child.pid);
      assert.match(error.message, new RegExp(`in use by process ${holder.child.pid}`));
      return true;
    });
    await holder.killGroup();
    const taken = await openDataFolder(path);
    await taken.release();
  });

  it('goes to one only of several that start at once, over and over', async () => {
    const path = await scratch.folder();
    let contenders = await Promise.all(Array.from({ length: 8 }, () => program(path)));
    for (let round = 1; contenders.length > 0; round++) {
      for (const { child } of contenders) child.stdin!.write(`${round}\n`);
      const answers = await Promise.all(contenders.map((contender) => contender.next()));
      const winners = contenders.filter((_, index) => answers[index]?.held);
      assert.equal(winners.length, 1, `round ${round}: ${JSON.stringify(answers)}`);
      await winners[0]!.killGroup();
      contenders = contenders.filter((contender) => contender !== winners[0]);
    }
    assert.deepEqual(
      (await readdir(path)).filter((name) => name.includes('lock')),
      ['manager.lock.8'],
    );
  });

  it('is not lost to a lock file that a power cut has emptied', async () => {
    const path = await scratch.folder();
    await writeFile(join(path, 'manager.lock.41'), '');
    const folder = await openDataFolder(path);
    await folder.release();
  });
});
