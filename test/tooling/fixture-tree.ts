import { copyFile, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { projectRoot } from '../../scripts/project-root.js';

/** A throw-away copy of the project's settings around sources of the test's own. */
export interface FixtureTree {
  root: string;
  remove(): Promise<void>;
}

/** Writes `files` (path in the tree → text) beside the project's settings and its installed packages. */
export async function writeFixtureTree(files: Record<string, string>): Promise<FixtureTree> {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'agentrun-tooling-')));
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
  for (const settings of ['package.json', 'tsconfig.json', '.dependency-cruiser.cjs']) {
    await copyFile(join(projectRoot, settings), join(root, settings));
  }
  await symlink(await realpath(join(projectRoot, 'node_modules')), join(root, 'node_modules'));
  return { root, remove: () => rm(root, { recursive: true, force: true }) };
}
