import { createHash } from 'node:crypto';
import { lstat, mkdtemp, readdir, rm } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { processIdentity } from './process-identity.js';

/**
 * Folders for what must not outlive the process that made them. The name says whose it is, so that what a killed process
 * left is known as such by any other one of this machine and this user.
 */
const PREFIX = 'agentrun-private';
const NAME = new RegExp(`^${PREFIX}-(?<host>[0-9a-f]{8})-(?<pid>\\d+)-(?<start>[0-9a-f]{8})-`);

/** A new folder in the system's temporary one that only this user can enter; answers its path. */
export async function makePrivateFolder(): Promise<string> {
  const { startedAt = '' } = processIdentity(process.pid) ?? {};
  return mkdtemp(join(tmpdir(), `${PREFIX}-${thisHost()}-${process.pid}-${digest(startedAt)}-`));
}

/** Deletes the folders whose processes are gone. Never fails: whoever looks next tries again. */
export async function sweepPrivateFolders(): Promise<void> {
  const names = await readdir(tmpdir()).catch(() => []);
  const abandoned = names.filter(isAbandoned).map((name) => join(tmpdir(), name));
  await Promise.all(
    abandoned.map(async (path) => {
      if (await isOurs(path)) await rm(path, { recursive: true, force: true }).catch(() => undefined);
    }),
  );
}

/** Another machine's (a shared folder, a container) has processes that cannot be seen from here. */
function isAbandoned(name: string): boolean {
  const { host, pid, start } = NAME.exec(name)?.groups ?? {};
  if (host !== thisHost()) return false;
  const identity = processIdentity(Number(pid));
  return identity === undefined || digest(identity.startedAt) !== start;
}

async function isOurs(path: string): Promise<boolean> {
  const found = await lstat(path).catch(() => undefined);
  return found !== undefined && found.isDirectory() && found.uid === process.getuid?.();
}

function thisHost(): string {
  return digest(hostname());
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
}
