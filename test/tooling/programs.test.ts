import assert from 'node:assert/strict';
import { execa } from 'execa';
import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectRoot } from '../../scripts/project-root.js';
import { RUNNER_PROGRAM } from '../../src/domain/runner-program.js';
import { packageRoot } from '../../src/processes/package-root.js';

const AGENTRUN = 'dist/programs/agentrun.js';

/** What a program loads, as `--trace-…` has no option for: the modules that Node's loader was asked for. */
async function packageFilesOf(program: string, args: readonly string[] = []): Promise<string[]> {
  const { stderr } = await execa(process.execPath, [join(projectRoot, program), ...args], {
    env: { NODE_DEBUG: 'esm' },
    reject: false,
  });
  return [...new Set(stderr.match(/file:\/\/\S*?\/node_modules\/[^\s'"]+/g) ?? [])];
}

describe('the programs that are started most', () => {
  it('stand in the package, wherever the package stands', async () => {
    assert.equal(join(packageRoot, '.'), join(projectRoot, '.'));
    const elsewhere = await mkdtemp(join(tmpdir(), 'agentrun-moved-'));
    try {
      for (const part of ['package.json', 'bin', 'dist/programs'])
        await cp(join(projectRoot, part), join(elsewhere, part), { recursive: true });
      const { stdout } = await execa(process.execPath, [join(elsewhere, 'bin/agentrun.js'), '--version']);
      assert.match(stdout, /^\d+\.\d+\.\d+/);
    } finally {
      await rm(elsewhere, { recursive: true, force: true });
    }
  });

  it('name packages, and no path of the machine that built them: an image has others', async () => {
    const programs = join(projectRoot, 'dist/programs');
    const files = (await readdir(programs, { recursive: true })).filter((name) => name.endsWith('.js'));
    assert.ok(files.length > 3);
    for (const name of files) {
      const text = await readFile(join(programs, name), 'utf8');
      assert.doesNotMatch(text, /(from|import\() ?"(\/|file:)/, name);
    }
  });

  // Hundreds of small files of packages cost a command two thirds of its start.
  it('load next to no files of packages', async () => {
    const ofCommand = await packageFilesOf(AGENTRUN, ['run', 'list']);
    assert.ok(ofCommand.length < 10, ofCommand.join('\n'));
    const ofRunner = await packageFilesOf(RUNNER_PROGRAM);
    assert.ok(ofRunner.length < 10, ofRunner.join('\n'));
  });
});
