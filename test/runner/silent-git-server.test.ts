import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AgentProcesses } from '../../src/runner/agent-processes.js';
import { GIT_PATIENCE, type GitPatience } from '../../src/runner/git-patience.js';
import { LentSshKey } from '../../src/runner/lent-ssh-key.js';
import { prepareWorkspace } from '../../src/runner/workspace.js';

/** Counts aloud for longer than the tests' patience, where it may, before it packs. */
const SLOW_PACKER = `#!/bin/sh
case "$*" in *--progress*) for i in 1 2 3 4 5 6 7 8; do printf 'Counting objects: %s\\r' $i >&2; sleep 1; done ;; *) sleep 8 ;; esac
exec "$@"
`;

describe('a Git server', function () {
  this.timeout(60_000);
  const { PATH = '' } = process.env;
  let folder: string;
  let server: Server | undefined;
  const sockets = new Set<Socket>();

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'agentrun-silent-'));
  });
  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    sockets.clear();
    server?.close();
    if (server) await once(server, 'close');
    server = undefined;
    await rm(folder, { recursive: true, force: true });
  });

  async function listen(made: Server): Promise<number> {
    server = made;
    made.on('connection', (socket: Socket) => sockets.add(socket.on('error', () => {})));
    made.listen(0, '127.0.0.1');
    await once(made, 'listening');
    return (made.address() as AddressInfo).port;
  }

  async function prepare(repoUrl: string, patience: Partial<GitPatience>, environment = {}): Promise<string> {
    const marker = { name: 'AGENTRUN_JOB_NAME', value: `test-${randomUUID()}` };
    const processes = new AgentProcesses({ PATH, HOME: folder, ...environment }, marker);
    const scratchDir = join(folder, 'scratch');
    await mkdir(scratchDir, { recursive: true });
    return prepareWorkspace({
      ref: { kind: 'git', repoUrl },
      workspaceDir: join(folder, 'workspace'),
      scratchDir,
      workspaceFile: join(folder, 'workspace.json'),
      sshKey: new LentSshKey({}),
      processes,
      signal: new AbortController().signal,
      patience: { ...GIT_PATIENCE, ...patience },
    });
  }

  async function givenUp(repoUrl: string, patience: Partial<GitPatience>, message: RegExp): Promise<void> {
    await assert.rejects(prepare(repoUrl, patience), { failureKind: 'runner-start-failed', message });
    assert.deepEqual(await readdir(join(folder, 'scratch')), []);
  }

  it('that takes an HTTP request and never answers is given up', async () => {
    const port = await listen(createServer());
    const url = `http://user:hidden@127.0.0.1:${port}/x.git`;
    await givenUp(url, { silentS: 1 }, /^the Git server sent nothing for 1 s\ngit clone: (?!.*hidden)/s);
  });

  it('that takes a connection by ssh and never greets is given up, also where no key was handed', async () => {
    const port = await listen(createServer());
    const url = `ssh://git@127.0.0.1:${port}/x.git`;
    await givenUp(url, { silentS: 1 }, /^127\.0\.0\.1 was silent for too long\ngit clone: /);
  });

  it('is given up after all the time that a clone may take, whatever it sends', async () => {
    const port = await listen(createServer());
    await givenUp(`git://127.0.0.1:${port}/x`, { wholeMs: 300 }, /^the repository was not fetched within 0\.3 s$/);
  });

  it('is reached by the ssh command that the runner was given, which is left as it is', async () => {
    const port = await listen(createServer());
    const url = `ssh://git@127.0.0.1:${port}/x.git`;
    const own = `sh -c 'echo my own: "$*" >&2; exit 1' --`;
    await writeFile(
      join(folder, '.gitconfig'),
      `[core]\n  sshCommand = ${JSON.stringify(own)}\n[ssh]\n  variant = ssh\n`,
    );
    const message = /my own: (?!.*ConnectTimeout)/;
    await assert.rejects(prepare(url, {}), { message });
    await assert.rejects(prepare(url, {}, { GIT_SSH_COMMAND: own, GIT_SSH_VARIANT: 'ssh' }), { message });
  });

  it('that needs longer to pack a repository, and says so, is waited for', async () => {
    const origin = await slowRepository();
    const port = await listen(createHttpServer((request, response) => void serveGit(origin, request, response)));
    await prepare(`http://127.0.0.1:${port}/repository`, { silentS: 4 });
    assert.equal(await readFile(join(folder, 'workspace', 'file'), 'utf8'), 'content');
  });

  /** The folder that holds it, with a server's configuration beside it. */
  async function slowRepository(): Promise<string> {
    const root = join(folder, 'served');
    const repository = join(root, 'repository');
    await mkdir(repository, { recursive: true });
    const git = (...args: string[]) =>
      execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', ...args], { cwd: repository, stdio: 'pipe' });
    git('init', '-q');
    await writeFile(join(repository, 'file'), 'content');
    git('add', '.');
    git('commit', '-qm', 'all');
    await writeFile(join(root, 'packer'), SLOW_PACKER, { mode: 0o755 });
    await writeFile(
      join(root, '.gitconfig'),
      `[uploadpack]\n  packObjectsHook = ${join(root, 'packer')}\n[safe]\n  directory = *\n`,
    );
    return root;
  }

  /** Git's own server program, as a web server runs it. */
  async function serveGit(root: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '', 'http://x');
    const { headers } = request;
    const env = {
      PATH,
      HOME: root,
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: '1',
      PATH_INFO: url.pathname,
      QUERY_STRING: url.search.slice(1),
      REQUEST_METHOD: request.method ?? 'GET',
      CONTENT_TYPE: headers['content-type'] ?? '',
      GIT_PROTOCOL: String(headers['git-protocol'] ?? ''),
      ...(headers['content-length'] && { CONTENT_LENGTH: headers['content-length'] }),
    };
    const child = spawn('git', ['http-backend'], { env, stdio: ['pipe', 'pipe', 'inherit'] });
    request.pipe(child.stdin);
    let head = Buffer.alloc(0);
    for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
      if (response.headersSent) response.write(chunk);
      else head = Buffer.concat([head, chunk]);
      const end = head.indexOf('\r\n\r\n');
      if (response.headersSent || end === -1) continue;
      const type = /^content-type: (.*)$/im.exec(head.subarray(0, end).toString())?.[1]?.trim() ?? '';
      response.writeHead(200, { 'content-type': type });
      response.write(head.subarray(end + 4));
    }
    response.end();
  }
});
