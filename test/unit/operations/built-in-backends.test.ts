import assert from 'node:assert/strict';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { BackendList } from '../../../src/contract/backend.js';
import { validated } from '../../../src/http/validation/validate.js';
import { builtInBackends } from '../../../src/operations/built-in-backends.js';
import { isOnSearchPath } from '../../../src/processes/find-program.js';

describe('the built-in backends', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'agentrun-path-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const catalog = () => builtInBackends((program) => isOnSearchPath(program, ['/nowhere', folder].join(delimiter)));
  const install = async (program: string, mode: number) => {
    await writeFile(join(folder, program), '');
    await chmod(join(folder, program), mode);
  };

  it('are not ready on a machine without their programs, and say which is missing', async () => {
    const items = await catalog().list();
    validated(BackendList, { items });
    assert.deepEqual(
      items.map(({ name, ready }) => [name, ready]),
      [
        ['exec', false],
        ['codex', false],
      ],
    );
    assert.match(items[0]?.reason ?? '', /program sh/);
    assert.match(items[1]?.reason ?? '', /not part of this version yet, and the program codex/);
    assert.deepEqual(await catalog().tools(), { git: false });
  });

  it('are ready where their programs are, but codex not before it is built', async () => {
    for (const program of ['sh', 'codex', 'git']) await install(program, 0o755);
    assert.deepEqual((await catalog().get('exec'))?.ready, true);
    assert.equal((await catalog().get('exec'))?.reason, null);
    assert.equal((await catalog().get('codex'))?.reason, 'the codex backend is not part of this version yet');
    assert.deepEqual(await catalog().tools(), { git: true });
    assert.equal(await catalog().get('other'), undefined);
  });

  it('do not take a file that cannot be run for a program', async () => {
    await install('git', 0o644);
    assert.deepEqual(await catalog().tools(), { git: false });
  });
});
