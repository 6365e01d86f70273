import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmod, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { diffOf, makeRepository } from '../../src/cli/commands/demo/repository.js';

describe("the demo's look at what its agent changed", function () {
  this.timeout(20_000);
  let folder: string;
  let repository: string;
  let workspace: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'agentrun-demo-repository-'));
    [repository, workspace] = [join(folder, 'repository'), join(folder, 'workspace')];
    await makeRepository(repository, process.env);
    execFileSync('git', ['clone', '--quiet', repository, workspace]);
    await writeFile(join(workspace, 'cart.js'), 'export const total = () => 0;\n');
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('runs nothing that the agent left in its clone', async () => {
    const planted = join(folder, 'planted');
    const trap = (name: string) => `touch ${join(folder, `sprung-${name}`)}`;
    await writeFile(planted, `#!/bin/sh\n${trap('program')}\n`);
    await chmod(planted, 0o755);
    const set = (name: string, value: string) => execFileSync('git', ['-C', workspace, 'config', name, value]);
    set('core.fsmonitor', planted);
    set('core.pager', planted);
    set('diff.external', planted);
    set('diff.evil.command', planted);
    set('diff.evil.textconv', planted);
    set('filter.evil.clean', `${trap('filter')}; cat`);
    await writeFile(join(workspace, '.gitattributes'), '* diff=evil filter=evil\n');
    await writeFile(join(workspace, '.git', 'hooks', 'post-index-change'), `#!/bin/sh\n${trap('hook')}\n`, {
      mode: 0o755,
    });
    const diff = await diffOf(repository, workspace, process.env);
    assert.match(diff, /^\+export const total = \(\) => 0;$/m);
    const sprung = (await readdir(folder)).filter((name) => name.startsWith('sprung'));
    assert.deepEqual(sprung, []);
  });

  it('sees also what the agent has committed', async () => {
    const author = ['-c', 'user.name=a', '-c', 'user.email=a@localhost', '-c', 'commit.gpgsign=false'];
    execFileSync('git', ['-C', workspace, ...author, 'commit', '--quiet', '-am', 'Mine']);
    assert.match(await diffOf(repository, workspace, process.env), /^\+export const total/m);
  });
});
