import { rmSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GITHUB_KNOWN_HOSTS } from '../domain/github-host-keys.js';
import { secretKey, type HandedSecrets, type SecretFields } from '../domain/secrets.js';
import { GITHUB_SSH } from '../domain/tool-credentials.js';
import { makePrivateFolder } from '../processes/private-folder.js';
import { GIT_PATIENCE, sshPatience } from './git-patience.js';

/** The key as files that ssh reads; gone when closed. */
export interface OpenSshKey {
  /** By which git uses that key, and nothing else of ssh's of this machine. */
  readonly environment: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

/**
 * The ssh key that this attempt was handed. It is in memory alone, but for the time in which git or the agent uses it:
 * ssh takes keys from files.
 */
export class LentSshKey {
  readonly #fields: SecretFields | undefined;
  readonly #folders = new Set<string>();
  #closed = false;

  constructor(secrets: HandedSecrets) {
    const fields = secrets[secretKey(GITHUB_SSH)];
    this.#fields = fields?.['privateKey'] ? fields : undefined;
  }

  get isHanded(): boolean {
    return this.#fields !== undefined;
  }

  /** Undefined where none was handed. */
  async open(): Promise<OpenSshKey | undefined> {
    const fields = this.#fields;
    if (fields === undefined) return undefined;
    const folder = await makePrivateFolder();
    this.#folders.add(folder);
    if (this.#closed) {
      await this.#remove(folder);
      throw new Error('the runner is ending: no key is written any more');
    }
    await write(join(folder, 'key'), fields['privateKey'] ?? '');
    await write(join(folder, 'known_hosts'), fields['knownHosts'] || GITHUB_KNOWN_HOSTS);
    await write(join(folder, 'config'), sshConfig(folder));
    const environment = { GIT_SSH_COMMAND: `ssh -F ${shellQuoted(join(folder, 'config'))}` };
    return { environment, close: () => this.#remove(folder) };
  }

  /** Lets none be opened any more. */
  async closeAll(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#folders].map((folder) => this.#remove(folder)));
  }

  /** For the last moment of a process. */
  closeAllNow(): void {
    for (const folder of this.#folders) rmSync(folder, { recursive: true, force: true });
  }

  async #remove(folder: string): Promise<void> {
    await rm(folder, { recursive: true, force: true });
    this.#folders.delete(folder);
  }
}

/**
 * Read in place of the user's and the system's own. A host whose key is not known is not connected to; nobody is asked
 * for anything; a connection that is dead ends by itself; nothing of this machine is forwarded.
 */
function sshConfig(folder: string): string {
  return `Host *
  IdentityFile ${sshQuoted(join(folder, 'key'))}
  IdentitiesOnly yes
  IdentityAgent none
  PreferredAuthentications publickey
  BatchMode yes
  StrictHostKeyChecking yes
  UserKnownHostsFile ${sshQuoted(join(folder, 'known_hosts'))}
  GlobalKnownHostsFile /dev/null
  UpdateHostKeys no
  ForwardAgent no
  ForwardX11 no
  ClearAllForwardings yes
  ControlMaster no
  ControlPath none
${Object.entries(sshPatience(GIT_PATIENCE))
  .map(([name, value]) => `  ${name} ${value}\n`)
  .join('')}`;
}

async function write(path: string, content: string): Promise<void> {
  await writeFile(path, content, { mode: 0o600, flag: 'wx' });
}

/** In ssh's own files a percent sign begins a token. */
function sshQuoted(path: string): string {
  return `"${path.replaceAll('%', '%%')}"`;
}

function shellQuoted(path: string): string {
  return `'${path.replaceAll("'", `'\\''`)}'`;
}
