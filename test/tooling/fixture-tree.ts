import { copyFile, mkdir, mkdtemp, readdir, realpath, rm, symlink, writeFile } from 'node:fs/promises';
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
  await linkPackages(await realpath(join(projectRoot, 'node_modules')), join(root, 'node_modules'));
  return { root, remove: () => rm(root, { recursive: true, force: true }) };
}

/** Packages that the rules speak of already and that nothing needs yet: the rules must not depend on who has them installed. */
const NOT_NEEDED_YET = ['@kubernetes/client-node'];

async function linkPackages(installed: string, folder: string): Promise<void> {
  await mkdir(folder);
  for (const name of await readdir(installed)) await symlink(join(installed, name), join(folder, name));
  for (const name of NOT_NEEDED_YET) await writeEmptyPackage(name, folder);
}

async function writeEmptyPackage(name: string, folder: string): Promise<void> {
  await rm(join(folder, dirname(name)), { force: true });
  await mkdir(join(folder, name), { recursive: true });
  await writeFile(join(folder, name, 'package.json'), JSON.stringify({ name, version: '1.0.0', main: 'index.js' }));
  await writeFile(join(folder, name, 'index.js'), '');
}
