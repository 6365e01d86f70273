import { randomBytes } from 'node:crypto';
import { chmod, chown, mkdtemp, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { execa } from 'execa';
import type { Progress } from '../processes/progress.js';
import type { PostgresBinaries } from './postgres-binaries.js';
import type { ServerUser } from './postgres-user.js';

/** The superuser, and the database made for AgentRun. */
export const SUPERUSER = 'agentrun';

const DRAFT_PREFIX = 'cluster.init-';

/**
 * How PostgreSQL is told where its cluster is. As root on Linux the server runs as another user, who may not pass the
 * folders above (mode 0700): it starts *in* the cluster folder and finds it as its working directory, so that nothing
 * above needs to be opened to others.
 */
export function clusterArgument(clusterDir: string, user: ServerUser | undefined): string {
  return user ? '/proc/self/cwd' : clusterDir;
}

/**
 * Makes the cluster once; a later call finds it. It is made under another name and renamed when complete, so a run that
 * was killed half way leaves only a draft, which the next call removes.
 */
export async function ensureCluster(
  clusterDir: string,
  password: string,
  binaries: PostgresBinaries,
  user: ServerUser | undefined,
  onProgress: Progress,
): Promise<void> {
  await removeDrafts(dirname(clusterDir));
  const step = { name: 'initialise PostgreSQL', detail: clusterDir };
  if (await stat(clusterDir).catch(() => undefined)) {
    onProgress({ ...step, state: 'cached' });
    return;
  }
  onProgress({ ...step, state: 'started' });
  const draft = await mkdtemp(join(dirname(clusterDir), DRAFT_PREFIX));
  if (user) await chown(draft, user.uid, user.gid);
  await chmod(draft, 0o700);
  await initdb(draft, password, binaries, user);
  await rename(draft, clusterDir);
  await syncFolder(dirname(clusterDir));
  onProgress({ ...step, state: 'done' });
}

/** The superuser's password: made at random once, and kept in a file that only this process's user can read. */
export async function readOrMakePassword(file: string): Promise<string> {
  const kept = await readFile(file, 'utf8').catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  });
  if (kept.trim() !== '') return kept.trim();
  const password = randomBytes(24).toString('base64url');
  const draft = await writePassword(`${file}.draft`, password);
  await rename(draft, file);
  await syncFolder(dirname(file));
  return password;
}

async function initdb(
  draft: string,
  password: string,
  binaries: PostgresBinaries,
  user: ServerUser | undefined,
): Promise<void> {
  // Handed over as an open file, since the server's user may not be able to reach any path in here.
  const passwordFile = await writePassword(join(dirname(draft), `.${basename(draft)}-password`), password);
  if (user) await chown(passwordFile, user.uid, user.gid);
  const file = await open(passwordFile, 'r');
  const stdin = file.fd as 0; // execa takes any descriptor; its type knows only this one
  try {
    await execa(
      binaries.initdb,
      [
        ...[`--pgdata=${clusterArgument(draft, user)}`, `--username=${SUPERUSER}`],
        ...['--pwfile=/dev/stdin', '--auth=scram-sha-256', '--encoding=UTF8'],
        ...['--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'],
      ],
      { ...user, cwd: draft, stdin, timeout: 300_000 },
    );
  } catch (error) {
    throw new Error(`initdb failed in ${draft}: ${(error as Error).message}`, { cause: error });
  } finally {
    await file.close();
    await rm(passwordFile, { force: true });
  }
}

async function writePassword(file: string, password: string): Promise<string> {
  const handle = await open(file, 'w', 0o600);
  try {
    await handle.writeFile(`${password}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  return file;
}

async function removeDrafts(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!name.startsWith(DRAFT_PREFIX) && !name.startsWith(`.${DRAFT_PREFIX}`)) continue;
    // An orphaned initdb may still be writing there for a moment.
    await rm(join(folder, name), { recursive: true, force: true, maxRetries: 10 });
  }
}

/** Without this a power cut may undo a rename whose content has long been used. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  await handle.sync().finally(() => handle.close());
}
