import { execa } from 'execa';
import { chmod, cp, mkdir, readdir, readFile, realpath, stat, symlink, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { nativeAddons, place, steadyModes } from './app-files.js';
import { digestOf, type Layer } from './oci-image.js';

const BUSYBOX = '/bin/busybox';
const GIT_CORE = '/usr/lib/git-core';
const CERTIFICATES = '/etc/ssl/certs/ca-certificates.crt';

/** Programs of this machine by where they are in an image, which is where the base image of the Dockerfile has them. */
export type Programs = Readonly<Record<string, string>>;

/** Node, and a shell with the usual commands. */
export async function basePrograms(): Promise<Programs> {
  return { 'usr/local/bin/node': await realpath(process.execPath), 'bin/busybox': BUSYBOX };
}

/** What a runner and its agent need on top. */
export async function runnerPrograms(): Promise<Programs> {
  const programs = ['/usr/bin/git', '/usr/bin/ssh', '/usr/bin/ssh-keygen', '/bin/bash'];
  const helpers = (await readdir(GIT_CORE, { withFileTypes: true }))
    .filter((entry) => entry.isFile() && entry.name.startsWith('git-'))
    .map(({ name }) => join(GIT_CORE, name));
  const found = [...programs, ...helpers].map(async (path) => [path.slice(1), await realpath(path)] as const);
  return Object.fromEntries(await Promise.all(found));
}

/** Where no Docker engine is, this machine's own programs stand in for a distribution's base image. */
export async function systemLayer(): Promise<Layer> {
  const programs = await basePrograms();
  const fill = async (root: string) => {
    await placePrograms(root, programs);
    await placeLibraries(root, await nativeAddons());
    await placeCommands(root);
    await placeAccounts(root);
    await placeFolders(root);
  };
  return { key: await keyOf('system 4', programs), fill };
}

/** git with its helpers, ssh, bash and the certificates of those whom they trust. */
export async function toolsLayer(): Promise<Layer> {
  const programs = await runnerPrograms();
  const fill = async (root: string) => {
    await placePrograms(root, programs);
    await placeGitCommands(root);
    await place(CERTIFICATES, join(root, CERTIFICATES));
    await steadyModes(root);
  };
  return { key: await keyOf('tools 1', programs, await readFile(CERTIFICATES, 'utf8')), fill };
}

/** With the libraries that they are linked with. */
async function placePrograms(root: string, programs: Programs): Promise<void> {
  for (const [to, from] of Object.entries(programs)) await place(from, join(root, to));
  await placeLibraries(root, Object.values(programs));
}

async function placeLibraries(root: string, linked: readonly string[]): Promise<void> {
  const libraries = new Set((await Promise.all(linked.map(librariesOf))).flat());
  for (const library of libraries) await place(library, join(root, library));
}

async function placeCommands(root: string): Promise<void> {
  const { stdout } = await execa(BUSYBOX, ['--list']);
  const commands = stdout.split('\n').filter((name) => name !== 'busybox');
  for (const name of commands) await symlink('busybox', join(root, 'bin', name));
  await mkdir(join(root, 'usr/bin'), { recursive: true });
  // Scripts begin with it.
  await symlink('/bin/busybox', join(root, 'usr/bin/env'));
}

/** git starts itself under these names. */
async function placeGitCommands(root: string): Promise<void> {
  for (const entry of await readdir(GIT_CORE, { withFileTypes: true })) {
    if (!entry.isSymbolicLink()) continue;
    await cp(join(GIT_CORE, entry.name), join(root, GIT_CORE, entry.name), { verbatimSymlinks: true });
  }
  await symlink('../../bin/git', join(root, GIT_CORE, 'git'));
}

async function placeAccounts(root: string): Promise<void> {
  await mkdir(join(root, 'etc'), { recursive: true });
  await writeFile(join(root, 'etc/passwd'), 'root:x:0:0::/root:/bin/sh\nagent:x:1000:1000::/home/agent:/bin/sh\n');
  await writeFile(join(root, 'etc/group'), 'root:x:0:\nagent:x:1000:\n');
}

async function placeFolders(root: string): Promise<void> {
  for (const name of ['proc', 'sys', 'dev', 'run', 'root', 'home/agent', 'var/lib/agentrun', 'tmp']) {
    await mkdir(join(root, name), { recursive: true });
  }
  await steadyModes(root);
  // Layers have no owner but root: what the user writes to in a container without volumes is open to all.
  for (const name of ['tmp', 'home/agent', 'var/lib/agentrun']) await chmod(join(root, name), 0o1777);
}

async function librariesOf(program: string): Promise<string[]> {
  const { stdout } = await execa('ldd', [program], { reject: false });
  return [...stdout.matchAll(/(\/\S+) \(0x/g)].map((match) => match[1] ?? '');
}

async function keyOf(what: string, programs: Programs, ...more: string[]): Promise<string> {
  const facts = Object.entries(programs).map(async ([to, from]) => {
    const { size, mtimeMs } = await stat(from);
    return `${to} ${basename(from)} ${size} ${mtimeMs}`;
  });
  return digestOf([what, process.version, ...(await Promise.all(facts)), ...more].join('\n'));
}
