import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { BackendList } from '../../../../src/contract/backend.js';
import { validated } from '../../../../src/http/validation/validate.js';
import { builtInBackends } from '../../../../src/operations/backends/built-in-backends.js';
import { isOnSearchPath } from '../../../../src/processes/find-program.js';

describe('the built-in backends', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'agentrun-path-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  let whyNoCodex: string | null = null;
  const catalog = () =>
    builtInBackends(
      (program) => isOnSearchPath(program, ['/nowhere', folder].join(delimiter)),
      async () => whyNoCodex,
    );
  const install = async (program: string, mode: number) => {
    await writeFile(join(folder, program), '');
    await chmod(join(folder, program), mode);
  };

  it('are not ready on a machine without their programs, and say which is missing', async () => {
    whyNoCodex = 'there is no codex';
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
    assert.equal(items[1]?.reason, 'there is no codex');
    assert.deepEqual(await catalog().tools(), { git: false });
  });

  it('are ready as soon as their programs are there', async () => {
    whyNoCodex = 'there is no codex';
    const backends = catalog();
    assert.deepEqual([(await backends.get('exec'))?.ready, (await backends.get('codex'))?.ready], [false, false]);
    for (const program of ['sh', 'git']) await install(program, 0o755);
    whyNoCodex = null;
    for (const name of ['exec', 'codex']) {
      const { ready, reason } = (await backends.get(name))!;
      assert.deepEqual([name, ready, reason], [name, true, null]);
    }
    assert.deepEqual(await backends.tools(), { git: true });
    assert.equal(await backends.get('other'), undefined);
    const kinds = ['exec', 'codex', 'other'].map(async (name) => backends.kindOf(name));
    assert.deepEqual(await Promise.all(kinds), ['exec', 'codex', undefined]);
  });

  it('do not take a file that cannot be run for a program', async () => {
    await install('git', 0o644);
    assert.deepEqual(await catalog().tools(), { git: false });
    await rm(join(folder, 'git'));
    await mkdir(join(folder, 'git'));
    assert.deepEqual(await catalog().tools(), { git: false });
  });
});
