import { stat } from 'node:fs/promises';
import { execa } from 'execa';

/** Whom the server runs as; undefined means as this process itself. */
export interface ServerUser {
  uid: number;
  gid: number;
}

const USER = 'postgres';

/**
 * PostgreSQL refuses to run as root. As root this is the owner of the cluster where there is one, else the system user
 * `postgres`, which is created when missing. Throws with what to do when that is not possible.
 */
export async function serverUser(clusterDir: string): Promise<ServerUser | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  if (process.platform !== 'linux') {
    throw new Error('the embedded PostgreSQL cannot be started by root on this system; run this as a normal user');
  }
  const owner = await stat(clusterDir).catch(() => undefined);
  if (owner && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid };
  return (await lookUp()) ?? (await create());
}

async function lookUp(): Promise<ServerUser | undefined> {
  const [uid, gid] = await Promise.all(
    ['-u', '-g'].map((flag) => execa('id', [flag, USER], { reject: false, timeout: 10_000 })),
  );
  if (uid?.exitCode !== 0 || gid?.exitCode !== 0) return undefined;
  return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
}

async function create(): Promise<ServerUser> {
  const added = await execa(
    'useradd',
    ['--system', '--user-group', '--no-create-home', '--shell', '/usr/sbin/nologin', USER],
    { reject: false, timeout: 30_000 },
  );
  const user = await lookUp();
  if (user) return user;
  throw new Error(
    `PostgreSQL does not run as root, there is no system user "${USER}", and it could not be created ` +
      `(useradd: ${added.stderr || added.shortMessage}). Create it (useradd --system ${USER}), run AgentRun as a normal ` +
      `user, or give it a server by AGENTRUN_DATABASE_URL`,
  );
}
