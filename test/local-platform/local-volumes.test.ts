import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LocalVolumes } from '../../src/local-platform/local-volumes.js';

describe('local volumes', () => {
  let folder: string;
  let volumes: LocalVolumes;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'agentrun-volumes-'));
    volumes = new LocalVolumes(folder);
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

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

  for (const name of ['', '.', '..', '../out', 'a/b', '/etc', 'a\0b', '.deleted-x', 'x'.repeat(300)]) {
    it(`refuse the name ${JSON.stringify(name.slice(0, 12))}`, async () => {
      await assert.rejects(volumes.ensure(name), { failureKind: 'schema-invalid' });
      await assert.rejects(volumes.delete(name), { failureKind: 'schema-invalid' });
    });
  }
});
