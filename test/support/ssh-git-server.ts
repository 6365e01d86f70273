import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ssh2, { type AuthContext, type Connection, type ParsedKey, type ServerChannel } from 'ssh2';

const { Server, utils } = ssh2;

/** As `ssh-keygen` makes it; the comment is on the public half. */
export interface KeyPair {
  readonly private: string;
  readonly public: string;
}

export function makeSshKey(comment = 'test@example.com'): KeyPair {
  return utils.generateKeyPairSync('ed25519', { comment });
}

/** A line of the key that no other key has. */
export function secretLineOf({ private: text }: KeyPair): string {
  return text.split('\n')[3] ?? '';
}

/**
 * An ssh server on loopback that serves git repositories to those whose key it knows: the protocol is ssh2's, what it
 * runs is git's own upload-pack.
 */
export class SshGitServer {
  readonly hostKey = makeSshKey('host');
  /** What clients asked for beyond that: a forwarded agent, X11, another command. */
  readonly refused: string[] = [];
  /** Fingerprint-free: the algorithms of the keys that were shown. */
  keysShown = 0;
  readonly #authorized: ParsedKey[] = [];
  readonly #connections = new Set<Connection>();
  readonly #server;

  private constructor(readonly folder: string) {
    this.#server = new Server({ hostKeys: [this.hostKey.private] }, (connection) => this.#serve(connection));
  }

  static async start(): Promise<SshGitServer> {
    const server = new SshGitServer(await mkdtemp(join(tmpdir(), 'agentrun-sshd-')));
    server.#server.listen(0, '127.0.0.1');
    await once(server.#server, 'listening');
    return server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** The line by which clients know it. */
  get knownHosts(): string {
    return `[127.0.0.1]:${this.port} ${this.hostKey.public}\n`;
  }

  urlOf(repository: string): string {
    return `ssh://git@127.0.0.1:${this.port}${repository}`;
  }

  authorize({ public: text }: KeyPair): void {
    const key = utils.parseKey(text);
    if (key instanceof Error) throw key;
    this.#authorized.push(key);
  }

  /** A repository with one commit on main, and one that only a ref of the server's names; answers its path. */
  async makeRepository(content: string): Promise<string> {
    const path = join(this.folder, `repository-${Math.random().toString(36).slice(2)}`);
    await mkdir(path);
    const git = (...args: string[]) =>
      execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', ...args], { cwd: path, stdio: 'pipe' });
    git('init', '-q', '-b', 'main');
    await writeFile(join(path, 'file'), content);
    git('add', '.');
    git('commit', '-qm', 'first');
    git('update-ref', 'refs/pull/1/head', git('commit-tree', '-m', 'hidden', 'HEAD^{tree}').toString().trim());
    return path;
  }

  async close(): Promise<void> {
    for (const connection of this.#connections) connection.end();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
    await rm(this.folder, { recursive: true, force: true });
  }

  #serve(connection: Connection): void {
    this.#connections.add(connection);
    connection.on('close', () => this.#connections.delete(connection));
    // A client that turns away breaks the connection.
    connection.on('error', () => undefined);
    connection.on('authentication', (context) => this.#authenticate(context));
    connection.on('session', (accept) => {
      const session = accept();
      session.on('exec', (acceptExec, reject, { command }) => {
        const [, path] = /^git-upload-pack '(\/[^']+)'$/.exec(command) ?? [];
        if (path === undefined) return this.#refuse(command, reject);
        uploadPack(path, acceptExec());
      });
      session.on('auth-agent', (_accept, reject) => this.#refuse('auth-agent', reject));
      session.on('x11', (_accept, reject) => this.#refuse('x11', reject));
    });
  }

  #refuse(what: string, reject?: () => void): void {
    this.refused.push(what);
    reject?.();
  }

  #authenticate(context: AuthContext): void {
    if (context.method !== 'publickey') return context.reject(['publickey']);
    this.keysShown += 1;
    const { key, signature, blob, hashAlgo } = context;
    const known = this.#authorized.find((one) => one.getPublicSSH().equals(key.data));
    const isProven = !signature || (blob !== undefined && known?.verify(blob, signature, hashAlgo) === true);
    if (known && isProven) context.accept();
    else context.reject(['publickey']);
  }
}

function uploadPack(path: string, channel: ServerChannel): void {
  const git = spawn('git', ['upload-pack', path], { stdio: 'pipe' });
  channel.pipe(git.stdin);
  git.stdin.on('error', () => undefined);
  git.stdout.pipe(channel, { end: false });
  git.stderr.pipe(channel.stderr, { end: false });
  git.on('close', (code) => {
    channel.exit(code ?? 1);
    channel.end();
  });
}
