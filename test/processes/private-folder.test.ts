import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, rm, stat } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makePrivateFolder, sweepPrivateFolders } from '../../src/processes/private-folder.js';

const PROGRAM = fileURLToPath(new URL('programs/make-private-folder.js', import.meta.url));

async function folderOfKilled(): Promise<string> {
  const child = spawn(process.execPath, [PROGRAM], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const folder = String(line).trim();
  await sweepPrivateFolders();
  assert.ok(existsSync(folder), 'a living process keeps its folder');
  child.kill('SIGKILL');
  await once(child, 'exit');
  return folder;
}

describe('a private folder', () => {
  it("is this user's alone, and stays while its process lives", async () => {
    const folder = await makePrivateFolder();
    assert.equal((await stat(folder)).mode & 0o777, 0o700);
    await sweepPrivateFolders();
    assert.ok(existsSync(folder));
    await rm(folder, { recursive: true });
  });

  it('is deleted by whoever looks after its process was killed', async () => {
    const folder = await folderOfKilled();
    await sweepPrivateFolders();
    assert.ok(!existsSync(folder));
  });

  it("is left alone where its process cannot be seen: another machine's, or not one of ours", async () => {
    const folder = await folderOfKilled();
    const elsewhere = join(tmpdir(), basename(folder).replace(/private-[0-9a-f]{8}-/, 'private-00000000-'));
    const odd = join(tmpdir(), `agentrun-private-of-${hostname()}`);
    await Promise.all([elsewhere, odd].map((path) => mkdir(path)));
    await sweepPrivateFolders();
    assert.deepEqual([folder, elsewhere, odd].map(existsSync), [false, true, true]);
    await Promise.all([elsewhere, odd].map((path) => rm(path, { recursive: true })));
  });
});
