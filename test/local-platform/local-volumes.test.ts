import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { LocalVolumes } from '../../src/local-platform/local-volumes.js';

const exec = promisify(execFile);

/** Makes folders in each other until no path leads to the innermost: an agent may. */
const TOO_DEEP = `const fs = require('fs'); for (let n = 0; n < 25; n += 1) { fs.mkdirSync('x'.repeat(200)); process.chdir('x'.repeat(200)); }`;

describe('local volumes', () => {
  let folder: string;
  let volumes: LocalVolumes;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'agentrun-volumes-'));
    volumes = new LocalVolumes(folder);
  });
  // It knows how to delete what is too deep for a path.
  afterEach(async () => exec('rm', ['-rf', folder]));

  it('are made once and keep what is in them', async () => {
    assert.equal(await volumes.describe('one'), undefined);
    assert.deepEqual(await volumes.ensure('one'), { name: 'one', phase: 'Bound', quotaBytes: null });
    await writeFile(join(volumes.pathOf('one'), 'kept'), '');
    await volumes.ensure('one');
    assert.deepEqual(await readdir(volumes.pathOf('one')), ['kept']);
    assert.deepEqual(await volumes.describe('one'), { name: 'one', phase: 'Bound', quotaBytes: null });
    assert.equal((await new LocalVolumes(folder, 12).describe('one'))?.quotaBytes, 12);
  });

  it('are deleted whole, also folders that their owner may not write to', async () => {
    await volumes.ensure('one');
    const locked = join(volumes.pathOf('one'), 'cache', 'locked');
    await mkdir(locked, { recursive: true });
    await writeFile(join(locked, 'file'), '');
    await chmod(locked, 0o500);
    await volumes.delete('one');
    await volumes.delete('one');
    assert.deepEqual(await readdir(folder), []);
  });

  it('are deleted though what another one left cannot be, which is told once', async () => {
    const told: string[] = [];
    volumes = new LocalVolumes(folder, null, (message) => void told.push(message));
    for (const name of ['deep', 'two', 'three']) await volumes.ensure(name);
    await exec(process.execPath, ['-e', TOO_DEEP], { cwd: volumes.pathOf('deep') });
    for (const name of ['deep', 'two', 'three']) {
      await volumes.delete(name);
      assert.equal(await volumes.describe(name), undefined);
    }
    const [left, ...more] = await readdir(folder);
    assert.deepEqual([more, told.length], [[], 1]);
    assert.ok(told[0]?.includes(left ?? 'nothing'), told[0]);
  });

  for (const name of ['', '.', '..', '../out', 'a/b', '/etc', 'a\0b', '.deleted-x', 'x'.repeat(300)]) {
    it(`refuse the name ${JSON.stringify(name.slice(0, 12))}`, async () => {
      await assert.rejects(volumes.ensure(name), { failureKind: 'schema-invalid' });
      await assert.rejects(volumes.delete(name), { failureKind: 'schema-invalid' });
    });
  }
});
